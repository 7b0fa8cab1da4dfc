import { GetRoleCommand, IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientConfig } from './emulator.ts';

/**
 * Reads a secret with the role of a function, which the account's owner may assume for that time.
 *
 * @returns `read`, or the name of the error
 */
export async function readAsRole(
  config: ClientConfig,
  functionName: string,
  secretId: string,
): Promise<string> {
  const iam = new IAMClient(config);
  const lambda = new LambdaClient(config);
  const { Role: arn = '' } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName }),
  );
  const RoleName = arn.split('/').at(-1) ?? '';
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const trust = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
  const setTrust = (PolicyDocument: string) =>
    iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
  await setTrust(trustOf(`arn:aws:iam::${arn.split(':')[4]}:root`));
  try {
    return await readWith(await assume(config, arn), secretId);
  } finally {
    await setTrust(trust);
    iam.destroy();
    lambda.destroy();
  }
}

function trustOf(AWS: string): string {
  const statement = { Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function assume(config: ClientConfig, RoleArn: string) {
  const sts = new STSClient(config);
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  sts.destroy();
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  return { ...config, credentials };
}

async function readWith(config: ClientConfig, SecretId: string): Promise<string> {
  const secrets = new SecretsManagerClient(config);
  return secrets
    .send(new GetSecretValueCommand({ SecretId }))
    .then(
      () => 'read',
      ({ name }: Error) => name,
    )
    .finally(() => secrets.destroy());
}
