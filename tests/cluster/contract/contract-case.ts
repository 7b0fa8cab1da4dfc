import type { ApiAnswer, ApiRequest } from '../api-client.ts';

/** Expected response. `{namespace}` in a string is replaced by the namespace of the case. */
export interface Expected {
  readonly code: number;
  /** The content type; JSON unless set. */
  readonly type?: string;
  /** The whole text of a response that is not JSON. */
  readonly text?: string;
  /** Fields that the response's object must have. */
  readonly body?: object;
  /** Paths in the response's object, joined by dots, that must not exist. */
  readonly absent?: readonly string[];
}

/** One exchange. A request can be built from the responses to those before it. */
export interface Step {
  readonly send: ApiRequest | ((answers: ApiAnswer[]) => ApiRequest);
  readonly expect: Expected;
}

/** Exchanges in a namespace of their own. `name` completes the sentence "the API …". */
export interface ContractCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

export const KARGO = '/apis/kargo.akuity.io/v1alpha1';
export const WAREHOUSES = `${KARGO}/namespaces/{namespace}/warehouses`;
export const CONFIGS = `${KARGO}/namespaces/{namespace}/projectconfigs`;
export const PROMOTIONS = `${KARGO}/namespaces/{namespace}/promotions`;
export const CONFIG_MAPS = '/api/v1/namespaces/{namespace}/configmaps';
export const SECRETS = '/api/v1/namespaces/{namespace}/secrets';

/** Fields of an object. Fields of `metadata` are added to its name. */
type Fields = { readonly metadata?: object } & Readonly<Record<string, unknown>>;

export function kargoObject(kind: string, name: string, { metadata, ...rest }: Fields = {}): object {
  return { apiVersion: 'kargo.akuity.io/v1alpha1', kind, metadata: { name, ...metadata }, ...rest };
}

/** Returns a valid Warehouse; `fields` replace its own. */
export function warehouse(name: string, fields: Fields = {}): object {
  const spec = { subscriptions: [{ git: { repoURL: 'https://x/y' } }] };
  return kargoObject('Warehouse', name, { spec, ...fields });
}

export function post(path: string, body: unknown, contentType = 'application/json'): ApiRequest {
  return { method: 'POST', path, body, contentType };
}

export function patch(path: string, body: unknown, contentType = 'application/merge-patch+json'): ApiRequest {
  return { method: 'PATCH', path, body, contentType };
}

/** Returns a step that prepares a case. */
export function created(path: string, body: unknown): Step {
  return { send: post(path, body), expect: { code: 201 } };
}

/** Returns the resourceVersion in the response to the step at `index`. */
export function versionIn(answers: readonly ApiAnswer[], index: number): string | undefined {
  return answers[index]?.body.metadata.resourceVersion;
}

/** Returns the expected response of a failure. */
export function failure(code: number, reason: string, message?: unknown): Expected {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason };
  return { code, body: { ...status, ...(message !== undefined && { message }) } };
}
