import * as v from 'valibot';
import type { FakeRequest, FakeResponse } from './loopback-server.ts';

/** One operation of a service: takes its state and the members of a request, and returns those of the response. */
export type Action<State> = (state: State, members: unknown) => object;

/** A failed request, which AWS answers with status 400. `type` is the exception's name. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Answers a request in AWS JSON: the operation is a header, both bodies are JSON, and an error carries its name as `__type`. */
export function respondInAwsJson<State>(
  version: '1.0' | '1.1',
  actions: ReadonlyMap<string, Action<State>>,
  state: State,
  { headers, body }: FakeRequest,
): FakeResponse {
  const type = `application/x-amz-json-${version}`;
  try {
    const operation = String(headers['x-amz-target'] ?? '').replace(/^\w+\./, '');
    const action = actions.get(operation);
    if (!action) throw new ServiceError('UnknownOperationException', `Unknown operation ${operation}.`);
    return { status: 200, type, text: JSON.stringify(action(state, JSON.parse(body))) };
  } catch (error) {
    // The message of an internal error could quote a secret.
    const known = error instanceof ServiceError ? error : undefined;
    const members = { __type: known?.type ?? 'InternalServiceError', Message: known?.message };
    return { status: known ? 400 : 500, type, text: JSON.stringify(members) };
  }
}

/** Defines an operation with the members that it knows. Another member is rejected: ignored, it would seem to work. */
export function defineAction<State, Entries extends v.ObjectEntries>(
  entries: Entries,
  perform: (state: State, members: v.InferOutput<v.StrictObjectSchema<Entries, undefined>>) => object,
): Action<State> {
  const schema = v.strictObject(entries);
  return (state, members) => {
    const { success, output, issues } = v.safeParse(schema, members, { abortEarly: true });
    if (success) return perform(state, output);
    // Names the member, never the value.
    const message = `${v.getDotPath(issues[0]) ?? 'the request'} is not valid, or not implemented by this fake`;
    throw new ServiceError('ValidationException', message);
  };
}
