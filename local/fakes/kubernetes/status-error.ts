import type { ResourceKind } from './kinds/resource-kind.ts';

/** One field of an object that breaks a rule, as `details.causes` of a 422 tells it. */
export interface FieldFault {
  reason: string;
  message: string;
  field: string;
}

interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: FieldFault[];
}

/** The `Status` object that every failed request is answered with. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure' | 'Success';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** A request that is answered with a failure `Status`; the factories below hold the real API server's words. */
export class StatusError extends Error {
  readonly code: number;
  readonly status: Status;

  /** `reason` is empty where the API server has none. */
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    const why = { ...(reason && { reason }), ...(details && { details }) };
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...why,
      code,
    };
  }
}

function detailsOf(name: string, group: string, kind: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), kind };
}

function qualified(name: string, group: string): string {
  return group ? `${name}.${group}` : name;
}

export function notFound({ plural, group }: ResourceKind, name: string): StatusError {
  const message = `${qualified(plural, group)} "${name}" not found`;
  return new StatusError(404, 'NotFound', message, detailsOf(name, group, plural));
}

export function alreadyExists({ plural, group }: ResourceKind, name: string): StatusError {
  const message = `${qualified(plural, group)} "${name}" already exists`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(name, group, plural));
}

/** A write over a version that is not the latest. */
export function modified(kind: ResourceKind, name: string): StatusError {
  const because =
    'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(kind.plural, kind.group, name, because);
}

/** `what` is the plural or the kind: the API server has it both ways. */
export function conflict(what: string, group: string, name: string, because: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(what, group)} "${name}": ${because}`;
  return new StatusError(409, 'Conflict', message, detailsOf(name, group, what));
}

/** `what` and `group` are those that the object itself claims to have. */
export function invalid(what: string, group: string, name: string, causes: FieldFault[]): StatusError {
  const words = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = words.length === 1 ? words[0] : `[${words.join(', ')}]`;
  const message = `${qualified(what, group)} "${name}" is invalid: ${list}`;
  return new StatusError(422, 'Invalid', message, { ...detailsOf(name, group, what), causes });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError(405, 'MethodNotAllowed', message, {});
}

/** What the API server did not foresee; it has no reason for it, and says what its storage said. */
export function unforeseen(message: string): StatusError {
  return new StatusError(500, '', message);
}
