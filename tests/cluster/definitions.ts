import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { DEFINITIONS_FOLDER } from '../../local/fakes/kubernetes/resource-kinds.ts';
import { callApi, type ApiTarget } from './api-client.ts';

/** Kargo's own definitions, where the workspace has them beside the project. */
export const KARGO_DEFINITIONS = new URL('../../../shared/kargo/crds/', import.meta.url);

/** The API server needs about half a second to serve a new definition. */
const SERVED_WITHIN_MS = 60_000;

const POLL_MS = 50;

interface Definition {
  spec: { group: string; names: { plural: string }; versions: [{ name: string }] };
}

/**
 * Creates the definitions of Kargo's kinds, Kargo's own where there are any, and waits until the API serves them.
 *
 * @throws {Error} for one that the API rejects or does not serve in time
 */
export async function loadDefinitions(target: ApiTarget): Promise<void> {
  const folder = existsSync(KARGO_DEFINITIONS) ? KARGO_DEFINITIONS : DEFINITIONS_FOLDER;
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const definitions = files.map((name): Definition => parse(readFileSync(new URL(name, folder), 'utf8')));
  await Promise.all(definitions.map((definition) => loadDefinition(target, definition)));
}

async function loadDefinition(target: ApiTarget, definition: Definition): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const { code, body } = await callApi(target, { method: 'POST', path, body: definition });
  if (code !== 201) throw new Error(`the API rejected a definition: ${body.message ?? code}`);
  const { group, names, versions } = definition.spec;
  const collection = `/apis/${group}/${versions[0].name}/${names.plural}`;
  const deadline = Date.now() + SERVED_WITHIN_MS;
  while ((await callApi(target, { path: collection })).code !== 200) {
    if (Date.now() > deadline) throw new Error(`${collection} is not served`);
    await sleep(POLL_MS);
  }
}
