import type { ApiTarget } from './api-client.ts';

/** Returns a kubeconfig with one context, the target's certificate authority and its bearer token. */
export function kubeconfigOf({ url, token, ca }: ApiTarget): string {
  // JSON is YAML. Clients use plain HTTP only with this flag.
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
