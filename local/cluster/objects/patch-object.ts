import type { Cluster, Target } from '../cluster.ts';
import { jsonPatched } from './json-patch.ts';
import { isRecord, type KubernetesObject } from '../kubernetes-object.ts';
import { JSON_PATCH } from '../http/media-types.ts';
import { mergePatched } from './merge-patch.ts';
import { decodePatched } from './object-decoding.ts';
import { parseBody } from '../http/request-body.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { updateObject, type UpdateOptions } from './update-object.ts';

/**
 * Applies a patch, given as text of the media type, to an existing object. Gives the object as it is kept.
 * Raises a StatusError: 400 for what is no patch, 422 for one that cannot be applied, and what {@link updateObject} raises.
 */
export function patchObject(
  cluster: Cluster,
  target: Target,
  text: string,
  type: string,
  options: UpdateOptions,
): KubernetesObject {
  const existing = cluster.existing(target);
  const patch = readPatch(text, type);
  const patched = type === JSON_PATCH ? applied(existing, patch as unknown[]) : mergePatched(existing, patch);
  return updateObject(cluster, target, decodePatched(target.kind, patched, options.strict ?? false), options);
}

function readPatch(text: string, type: string): unknown {
  let patch: unknown;
  try {
    patch = parseBody(text, type);
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
  if (type === JSON_PATCH ? Array.isArray(patch) : isRecord(patch)) return patch;
  if (patch === null) throw badRequest('Invalid JSON Patch');
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch}`,
  );
}

function applied(existing: KubernetesObject, patch: unknown[]): unknown {
  try {
    return jsonPatched(existing, patch);
  } catch {
    throw new StatusError(
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
      {},
    );
  }
}
