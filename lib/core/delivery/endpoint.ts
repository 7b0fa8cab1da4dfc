import { hashInPath } from '../kargo/receiver-path.ts';

/** Path of the package registry's webhook below any base path, as on the registry's own server. */
export const REGISTRY_PATH = '/api/webhooks/bitbucket';

/** Where a delivery was sent: to a receiver of Kargo, or to the webhook of the package registry. */
export type Endpoint = { readonly kind: 'receiver'; readonly hash: string } | { readonly kind: 'registry' };

/**
 * Reads the endpoint from a request's path.
 *
 * @returns undefined where the path is no endpoint's
 */
export function endpointInPath(path: string): Endpoint | undefined {
  const hash = hashInPath(path);
  if (hash !== undefined) return { kind: 'receiver', hash };
  return path.endsWith(REGISTRY_PATH) ? { kind: 'registry' } : undefined;
}
