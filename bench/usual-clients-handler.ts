import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import middy from '@middy/core';

/** Loads the clients that a function for this job would usually have, and nothing else: what the imports are compared with. */
export const handler = middy<unknown, { statusCode: number }>().handler(() => {
  const cluster = new KubeConfig().makeApiClient(CustomObjectsApi);
  const secrets = new SecretsManagerClient();
  return { statusCode: cluster instanceof CustomObjectsApi && secrets.config ? 200 : 500 };
});
