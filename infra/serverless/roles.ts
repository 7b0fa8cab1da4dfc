import type { Deployment } from '../deployment.ts';
import { permissions } from '../permissions.ts';
import { values, type FunctionId } from '../values.ts';
import { attribute, logicalIds, sub, type Resources } from './template.ts';

const FUNCTIONS = ['receiver', 'reconciler'] as const;

/** Makes each function's role and, on EKS, lets it into the cluster as a member of its Kubernetes group. */
export function roleResources(name: string, deployment: Deployment): Resources {
  const { cluster } = deployment;
  return Object.assign(
    {},
    ...FUNCTIONS.map((id) => ({
      ...roleResource(id, name, deployment),
      ...(cluster.kind === 'eks' && accessEntryResource(id, cluster.name)),
    })),
  ) as Resources;
}

function roleResource(id: FunctionId, name: string, deployment: Deployment): Resources {
  const facts = { ...deployment, name, inVpc: deployment.network !== undefined };
  return {
    [logicalIds[id].role]: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Description: `What the ${id} of ${name} may do`,
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
          ],
        },
        Policies: [
          {
            PolicyName: id,
            PolicyDocument: { Version: '2012-10-17', Statement: permissions(id, facts, sub) },
          },
        ],
      },
    },
  };
}

function accessEntryResource(id: FunctionId, clusterName: string): Resources {
  return {
    [logicalIds[id].accessEntry]: {
      Type: 'AWS::EKS::AccessEntry',
      Properties: {
        ClusterName: clusterName,
        PrincipalArn: attribute(logicalIds[id].role, 'Arn'),
        KubernetesGroups: [values.kubernetesGroups[id]],
        Type: 'STANDARD',
      },
    },
  };
}
