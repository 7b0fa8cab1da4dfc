import type { ApiTarget } from './api-client.ts';

/** A kubeconfig with one context, for a client that knows the API by its certificate and itself by a bearer token. */
export function kubeconfigOf({ url, token, ca }: ApiTarget): string {
  // JSON is YAML. Clients let only those speak plain HTTP who do without certificates in so many words.
  const trust = ca
    ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
    : { 'insecure-skip-tls-verify': true };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: url, ...trust } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}
