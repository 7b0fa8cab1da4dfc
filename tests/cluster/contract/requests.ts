import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import type { Step } from './contract-case.ts';

export const KARGO = '/apis/kargo.akuity.io/v1alpha1';
export const IN_NAMESPACE = `${KARGO}/namespaces/{namespace}`;
export const WAREHOUSES = `${IN_NAMESPACE}/warehouses`;
export const SECRETS = '/api/v1/namespaces/{namespace}/secrets';

export const MERGE_PATCH = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';

/** The fields of an object; those of its metadata beside its name. */
type Fields = { metadata?: object } & Record<string, unknown>;

/** A valid object of one of Kargo's kinds, with `more` in the place of what it would have. */
export function kargoObject(kind: string, name: string | undefined, more: Fields = {}): object {
  const { metadata, ...rest } = more;
  return { apiVersion: 'kargo.akuity.io/v1alpha1', kind, metadata: { name, ...metadata }, ...rest };
}

export function warehouse(name: string | undefined, more: Fields = {}): object {
  return kargoObject('Warehouse', name, {
    spec: { subscriptions: [{ git: { repoURL: 'https://x/y' } }] },
    ...more,
  });
}

export function secret(name: string, more: Fields = {}): object {
  const { metadata, ...rest } = more;
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, ...metadata }, ...rest };
}

export function post(path: string, body: unknown, contentType?: string): ApiRequest {
  return { method: 'POST', path, body, ...(contentType !== undefined && { contentType }) };
}

export function put(path: string, body: unknown): ApiRequest {
  return { method: 'PUT', path, body };
}

export function patch(path: string, body: unknown, contentType = MERGE_PATCH): ApiRequest {
  return { method: 'PATCH', path, body, contentType };
}

/** A step that has to succeed and is not what the case is about. */
export function created(path: string, body: unknown): Step {
  return { send: post(path, body), expect: { code: 201 } };
}

/** The resourceVersion of an earlier answer's object. */
export function versionOf(answer: ApiAnswer | undefined): string | undefined {
  return answer?.body.metadata.resourceVersion;
}

/** The body of a failure. */
export function failure(code: number, reason: string, message: unknown): { code: number; body: object } {
  return { code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message } };
}
