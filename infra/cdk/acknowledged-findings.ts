import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Statement } from '../permissions.ts';

/** Why each statement whose resource is open, is so. */
const REASONS: Readonly<Record<string, string>> = {
  WriteLogs: "the streams of the function's own log group are named by Lambda",
  ReadReceiverSecrets: 'a receiver, with its secret, may be declared at any time; the prefix confines it',
  BatchReceiverSecrets:
    'the action knows no resource; each secret in a batch needs ReadReceiverSecrets as well',
  AttachToSubnets: 'Lambda makes the network interfaces, whose names are not known before',
  KeepNetworkFromCode: 'it denies, and takes the network rights from the code itself',
  WriteTraces: 'the actions know no resource',
  RemoveRoutes: "the API gives its routes their ids; other APIs' are out of reach",
};

/**
 * Tells cdk-nag (AwsSolutions) why the open resources of a role's statements are meant. `statements` are in the notation of Fn::Sub;
 * `apiLogicalId` is what `${HttpApi}` becomes in the template.
 */
export function acknowledgeOpenResources(
  role: IConstruct,
  statements: readonly Statement<string>[],
  apiLogicalId: string,
): void {
  const reasons = new Map<string, string[]>();
  for (const { Sid, Resource } of statements) {
    for (const resource of Resource.filter((text) => text.includes('*'))) {
      const reason = REASONS[Sid];
      if (reason === undefined) throw new Error(`the statement ${Sid} needs a reason for ${resource}`);
      reasons.set(resource, [...(reasons.get(resource) ?? []), `${Sid}: ${reason}`]);
    }
  }
  for (const [resource, told] of reasons) {
    const shown = resource.replaceAll('${HttpApi}', `<${apiLogicalId}>`).replaceAll(/\$\{([^}]+)\}/g, '<$1>');
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${shown}]`,
      reason: told.join('; '),
    });
  }
}

/** Tells it why the shared route asks for no authorization of API Gateway's. */
export function acknowledgeOpenRoute(route: IConstruct): void {
  Validations.of(route).acknowledge({
    id: 'AwsSolutions-APIG4',
    reason: 'Bitbucket cannot sign for API Gateway: the receiver itself verifies the HMAC over the body',
  });
}
