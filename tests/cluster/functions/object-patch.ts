import { callApi, type ApiAnswer, type ApiRequest, type ApiTarget } from '../api-client.ts';

export const REFRESH = 'kargo.akuity.io/refresh';
export const STAGE = 'kargo.akuity.io/stage';
export const SHARD = 'kargo.akuity.io/shard';

export const NOW = '2026-05-04T10:11:12Z';

/** The patch of a delivery. */
export const REFRESH_PATCH = annotate({ [REFRESH]: NOW });

export function annotate(annotations: object): object {
  return { metadata: { annotations } };
}

export function pathOf(plural: string, namespace: string, name: string): string {
  return `/apis/kargo.akuity.io/v1alpha1/namespaces/${namespace}/${plural}/${name}`;
}

/** Merge-patches the object at `path`; `request` replaces fields of the request. */
export function patchObject(
  target: ApiTarget,
  path: string,
  body: object,
  request: Partial<ApiRequest> = {},
): Promise<ApiAnswer> {
  const contentType = 'application/merge-patch+json';
  return callApi(target, { method: 'PATCH', path, body, contentType, ...request });
}
