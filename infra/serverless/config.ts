import { readDeployment, type Deployment } from '../deployment.ts';
import { functionEnvironment } from '../function-environment.ts';
import { values, type FunctionId } from '../values.ts';
import { apiAttachments, apiResources, receiverBaseUrl } from './api.ts';
import { networkResources, vpcConfig } from './network.ts';
import { observabilityResources } from './observability.ts';
import { roleResources } from './roles.ts';
import { attribute, logicalIds, ref, type Resources, type Template } from './template.ts';

export { values };

/** What the framework gives to a function that serverless.yml reads a value from. */
interface Context {
  readonly resolveVariable: (name: string) => Promise<unknown>;
}

const deployment = readDeployment((name) => process.env[name]);
const isShared = deployment.routes === 'shared';

/** What a team chose, in the form in which serverless.yml asks for it. */
export const functions = {
  memorySize: deployment.memorySize,
  logRetentionDays: deployment.logRetentionDays,
  tracing: deployment.tracing ? 'Active' : false,
  vpc: vpcConfig(deployment.network),
  /** With a route per receiver, the routes are the reconciler's to make. */
  receiverEvents: isShared ? [{ httpApi: { method: 'POST', path: values.api.sharedRoutePath } }] : [],
  receiverEnvironment: environment('receiver', deployment),
  reconcilerEnvironment: environment('reconciler', deployment),
};

/** Gives everything beside the functions, their logs and their schedule, which the framework makes from serverless.yml. */
export async function resources({ resolveVariable }: Context): Promise<Template> {
  const name = [await resolveVariable('self:service'), await resolveVariable('sls:stage')].join('-');
  const api = apiResources(name, deployment);
  return {
    Resources: {
      ...(!isShared && api),
      ...apiAttachments(name, deployment),
      ...roleResources(name, deployment),
      ...(deployment.network !== undefined && networkResources(name, deployment.network)),
      ...observabilityResources(name, deployment.alarmTopicArn),
    },
    // With a route in serverless.yml, the framework makes these itself, with values of its own.
    extensions: isShared ? withoutTypes(api) : {},
    Outputs: outputs(deployment),
  };
}

function withoutTypes(made: Resources): Template['extensions'] {
  const { entries, fromEntries } = Object;
  return fromEntries(
    entries(made).map(([id, resource]) => [
      id,
      fromEntries(entries(resource).filter(([key]) => key !== 'Type')),
    ]),
  ) as Template['extensions'];
}

function environment(id: FunctionId, facts: Deployment) {
  return functionEnvironment(id, facts, {
    receiverBaseUrl: receiverBaseUrl(facts),
    routesApiId: isShared ? undefined : ref(logicalIds.api),
  });
}

function outputs({ domain, network }: Deployment): Template['Outputs'] {
  return {
    ReceiverBaseUrl: {
      Description: "Kargo's externalWebhooksServer URL",
      Value: receiverBaseUrl(deployment),
    },
    HttpApiId: { Description: 'The HTTP API', Value: ref(logicalIds.api) },
    ReceiverRoleArn: {
      Description: "The receiver's role",
      Value: attribute(logicalIds.receiver.role, 'Arn'),
    },
    ReconcilerRoleArn: {
      Description: "The reconciler's role",
      Value: attribute(logicalIds.reconciler.role, 'Arn'),
    },
    ...(domain !== undefined && {
      DomainTarget: {
        Description: `Point ${domain.domainName} here`,
        Value: attribute(logicalIds.domain, 'RegionalDomainName'),
      },
    }),
    ...(network?.securityGroupIds.length === 0 && {
      SecurityGroupId: {
        Description: 'Let it into the cluster on port 443',
        Value: attribute(logicalIds.securityGroup, 'GroupId'),
      },
    }),
  };
}
