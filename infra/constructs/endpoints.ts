import { aws_ec2 as ec2, aws_iam as iam, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { hasCluster } from '../deployed-functions.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { HTTPS_PORT, type FunctionsNetwork } from './network.ts';
import type { Permission } from './permissions.ts';

/** A service of AWS that functions call. */
interface CalledService {
  /** Setting of the SDK with the address of the service. */
  readonly variable: string;
  readonly isCalled: (settings: DeploymentSettings) => boolean;
  /** True where AWS documents that the endpoint takes a policy. CloudFormation fails where it takes none. */
  readonly takesPolicy: boolean;
}

/**
 * The services, by their names in PrivateLink and in IAM. STS is not called: the function signs a request for it, and the cluster sends
 * it. Logs and traces are sent by Lambda itself, not through the VPC.
 */
const CALLED_SERVICES: Readonly<Record<string, CalledService>> = {
  secretsmanager: {
    variable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    isCalled: (settings) =>
      hasCluster(settings) ||
      settings.CARGOMAN_TOKEN_SECRET_ID !== undefined ||
      settings.BITBUCKET_WEBHOOK_SECRET_ID !== undefined ||
      settings.BITBUCKET_CREDENTIALS_SECRET_ID !== undefined,
    takesPolicy: true,
  },
  sqs: {
    variable: 'AWS_ENDPOINT_URL_SQS',
    isCalled: ({ RETRY_QUEUE }) => RETRY_QUEUE === 'true',
    takesPolicy: true,
  },
  /** The control plane, in which the reconciler keeps routes; `execute-api` is for private APIs. */
  apigateway: {
    variable: 'AWS_ENDPOINT_URL_APIGATEWAYV2',
    isCalled: (settings) => hasCluster(settings) && settings.ROUTES === 'per-receiver',
    takesPolicy: false,
  },
};

/** The VPC endpoints of a deployment, which only its functions can use. */
export class VpcEndpoints extends Construct {
  readonly securityGroup: ec2.ISecurityGroup;
  /** Settings with which the SDK calls the endpoints by their own names; none where the services' own names lead to them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #endpoints: ReadonlyMap<string, ec2.InterfaceVpcEndpoint>;

  constructor(
    scope: Construct,
    deploymentName: string,
    settings: DeploymentSettings,
    { vpc, vpcSubnets, securityGroups }: FunctionsNetwork,
  ) {
    super(scope, 'VpcEndpoints');
    const description = `The VPC endpoints of ${deploymentName}`;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, description, allowAllOutbound: false });
    for (const functions of securityGroups)
      group.addIngressRule(functions, ec2.Port.tcp(HTTPS_PORT), `The functions of ${deploymentName}`);
    this.securityGroup = group;
    const privateDnsEnabled = settings.VPC_ENDPOINTS === 'private-dns';
    const called = Object.entries(CALLED_SERVICES).filter(([, { isCalled }]) => isCalled(settings));
    const endpoints = called.map(([name, { variable }]) => {
      const endpoint = new ec2.InterfaceVpcEndpoint(this, name, {
        vpc,
        subnets: vpcSubnets,
        service: new ec2.InterfaceVpcEndpointAwsService(name),
        securityGroups: [group],
        open: false,
        privateDnsEnabled,
      });
      return { name, variable, endpoint };
    });
    this.#endpoints = new Map(endpoints.map(({ name, endpoint }) => [name, endpoint]));
    this.environment = privateDnsEnabled
      ? {}
      : Object.fromEntries(
          endpoints.map(({ variable, endpoint }) => [variable, `https://${nameOf(endpoint)}`]),
        );
  }

  /** Allows a role at the endpoints what its own policy allows it: the same actions on the same resources. */
  allow(role: iam.IRole, permissions: readonly Permission[]): void {
    for (const { statement } of permissions) {
      const [service = ''] = (statement.actions[0] ?? '').split(':', 1);
      if (CALLED_SERVICES[service]?.takesPolicy !== true) continue;
      this.#endpoints.get(service)?.addToPolicy(
        new iam.PolicyStatement({
          actions: statement.actions,
          resources: statement.resources,
          principals: [new iam.AnyPrincipal()],
          conditions: { ArnEquals: { 'aws:PrincipalArn': role.roleArn } },
        }),
      );
    }
  }
}

/**
 * Returns the DNS name of an endpoint for all its zones.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-vpcendpoint.html `DnsEntries`: each is
 * `<hosted zone>:<name>`, the regional name first
 */
function nameOf(endpoint: ec2.InterfaceVpcEndpoint): string {
  return Fn.select(1, Fn.split(':', Fn.select(0, endpoint.vpcEndpointDnsEntries)));
}
