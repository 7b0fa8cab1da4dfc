import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from './fakes/kubernetes/fake-kubernetes.ts';

const FOLDER = join(import.meta.dirname, 'examples');

/** Gives the objects of `local/examples/*.yaml`, namespaces first, as they must be created. */
export function exampleObjects(): KubernetesObject[] {
  const objects = readdirSync(FOLDER)
    .toSorted()
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')))
    .map((document) => document.toJS() as KubernetesObject);
  const isNamespace = ({ kind }: KubernetesObject): boolean => kind === 'Namespace';
  return [...objects.filter(isNamespace), ...objects.filter((object) => !isNamespace(object))];
}

/**
 * Gives the secrets of the examples as Secrets Manager holds them: what External Secrets Operator keeps equal in a real cluster comes
 * from one file here.
 */
export function exampleSecrets(): Record<string, string> {
  const secrets = exampleObjects().filter(({ kind }) => kind === 'Secret');
  return Object.fromEntries(
    secrets.map(({ metadata, ['stringData']: data }) => [
      `kargo/${metadata?.namespace}/${metadata?.name}`,
      JSON.stringify(data),
    ]),
  );
}
