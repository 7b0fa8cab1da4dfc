import { isRecord, type KubernetesObject } from '../kubernetes-object.ts';
import { jsonPatched } from '../objects/json-patch.ts';
import { mergePatched } from '../objects/merge-patch.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { JSON_PATCH } from './media-types.ts';
import { parseBody } from './request-body.ts';

/**
 * Makes a function of the patch that a body of this media type holds. It gives what becomes of an object, and raises a
 * StatusError: 400 for what is no patch, 422 for a JSON patch that the object does not allow.
 */
export function patchOf(text: string, type: string): (existing: KubernetesObject) => unknown {
  return (existing) => {
    const patch = readPatch(text, type);
    return Array.isArray(patch) ? jsonPatchedOrRefused(existing, patch) : mergePatched(existing, patch);
  };
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
  const given = Array.isArray(patch) ? 'array' : typeof patch;
  throw badRequest(`error decoding patch: json: cannot unmarshal ${given}`);
}

function jsonPatchedOrRefused(existing: KubernetesObject, patch: unknown[]): unknown {
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
