import type { ResourceKind } from './resource-kinds.ts';

/** One field of an object that breaks a rule, as listed in `details.causes` of a 422. */
export interface FieldFault {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly FieldFault[];
}

/** A failed request. The functions below create it with the API server's own reasons and messages. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  /** The `Status` object that is the response's body. */
  readonly status: object;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
    this.status = { ...head, ...(reason && { reason }), ...(details && { details }), code };
  }
}

export function notFound(kind: ResourceKind, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualify(kind)} "${name}" not found`, detailsOf(kind, name));
}

export function alreadyExists(kind: ResourceKind, name: string): StatusError {
  const message = `${qualify(kind)} "${name}" already exists`;
  return new StatusError(409, 'AlreadyExists', message, detailsOf(kind, name));
}

/** The error for a write that is based on another resourceVersion than the latest. */
export function conflict(kind: ResourceKind, name: string): StatusError {
  const message =
    `Operation cannot be fulfilled on ${qualify(kind)} "${name}": the object has been modified; ` +
    'please apply your changes to the latest version and try again';
  return new StatusError(409, 'Conflict', message, detailsOf(kind, name));
}

export function invalid(kind: ResourceKind, name: string, causes: readonly FieldFault[]): StatusError {
  const faults = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`;
  const message = `${qualify({ ...kind, plural: kind.kind })} "${name}" is invalid: ${list}`;
  return new StatusError(422, 'Invalid', message, { ...detailsOf(kind, name), kind: kind.kind, causes });
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

export function unsupportedMediaType(accepted: string): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  return new StatusError(415, 'UnsupportedMediaType', message);
}

/** The error for a continue token that this fake does not hold (any more). */
export function expired(): StatusError {
  const message = 'The provided continue parameter is too old to display a consistent list result.';
  return new StatusError(410, 'Expired', message);
}

function qualify({ plural, group }: Pick<ResourceKind, 'plural' | 'group'>): string {
  return group ? `${plural}.${group}` : plural;
}

function detailsOf({ plural, group }: ResourceKind, name: string): StatusDetails {
  return { name, ...(group && { group }), kind: plural };
}
