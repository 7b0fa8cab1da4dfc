import type { ResourceKind } from './resource-kinds.ts';

/** One field of an object that breaks a rule, as listed in `details.causes` of a 422. */
export interface FieldFault {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A failed request. The functions below create it with the API server's own reasons and messages. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code: number;
  /** The `Status` object that is the response's body. */
  readonly status: object;

  constructor(code: number, reason: string, message: string, details?: object) {
    super(message);
    this.code = code;
    const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message };
    this.status = { ...head, ...(reason && { reason }), ...(details && { details }), code };
  }
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
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
  const named = { ...kind, plural: kind.kind };
  const message = `${qualify(named)} "${name}" is invalid: ${list}`;
  return new StatusError(422, 'Invalid', message, { ...detailsOf(named, name), causes });
}

function qualify({ plural, group }: ResourceKind): string {
  return group ? `${plural}.${group}` : plural;
}

function detailsOf({ plural, group }: ResourceKind, name: string): object {
  return { name, ...(group && { group }), kind: plural };
}
