import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Gives a kubeconfig for a cluster API without TLS and credentials, which only a fake on loopback is. */
export function kubeconfigFor(server: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'anyone', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'anyone' } }],
    'current-context': 'fake',
  });
}

/** Writes it into a new folder, for the caller to remove. */
export function writeKubeconfig(server: string): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfigFor(server));
  return { folder, path };
}
