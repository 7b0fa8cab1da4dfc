import { isRecord, type JsonRecord, type KubernetesObject, type ObjectMeta } from '../kubernetes-object.ts';
import { unknownMetadata, unreadableMetadata } from './object-metadata.ts';
import { apiVersionOf, type ResourceKind } from '../kinds/resource-kind.ts';
import { badRequest, invalid } from '../status-error.ts';

/**
 * Makes an object of the kind from a request's parsed body.
 * Raises a StatusError (400) where it is of another kind, or its metadata cannot be read. A custom object's `kind` is
 * looked at later, with the rest of it.
 */
export function decodeObject(kind: ResourceKind, body: unknown): KubernetesObject {
  if (!isRecord(body)) {
    if (body === null) throw unrecognized(kind, `Object 'Kind' is missing in 'null'`);
    const type = Array.isArray(body) ? 'array' : typeof body;
    throw unrecognized(kind, `couldn't get version/kind; json parse error: json: cannot unmarshal ${type}`);
  }
  const given = kind.custom ? customKindOf(kind, body) : coreKindOf(kind, body);
  const metadata = (body['metadata'] ?? {}) as ObjectMeta;
  const unreadable = unreadableMetadata(metadata);
  if (unreadable) throw undecodable(kind, given, unreadable);
  return { ...body, apiVersion: apiVersionOf(kind), kind: given, metadata };
}

function customKindOf(kind: ResourceKind, body: JsonRecord): string {
  const { apiVersion = '', kind: given } = body;
  if (typeof given !== 'string') {
    throw unrecognized(kind, `Object 'Kind' is missing in '${JSON.stringify(body)}'`);
  }
  if (apiVersion === apiVersionOf(kind)) return given;
  const versions = `(${String(apiVersion)}) does not match the expected API version (${apiVersionOf(kind)})`;
  throw badRequest(`the API version in the data ${versions}`);
}

/** Objects of the built-in kinds need not say what they are. */
function coreKindOf(
  kind: ResourceKind,
  { apiVersion = kind.version, kind: given = kind.kind }: JsonRecord,
): string {
  if (apiVersion === kind.version && given === kind.kind) return kind.kind;
  const claimed = { kind: String(given), version: String(apiVersion) };
  const unknown = `no kind "${claimed.kind}" is registered for version "${claimed.version}"`;
  throw undecodable({ ...kind, version: claimed.version }, claimed.kind, unknown);
}

/** The same for what a patch made of an object. Raises a StatusError (422). */
export function decodePatched(kind: ResourceKind, patched: unknown, strict: boolean): KubernetesObject {
  const given = isRecord(patched) ? patched : {};
  const object = { ...given, metadata: given['metadata'] ?? {} } as KubernetesObject;
  const because = unreadableMetadata(object.metadata) ?? (strict ? unknownFieldsOf(kind, object) : undefined);
  if (!because) return object;
  const message = `Invalid value: ${JSON.stringify(JSON.stringify(given))}: ${because}`;
  throw invalid('', '', '', [{ reason: 'FieldValueInvalid', message, field: 'patch' }]);
}

/** Raises a StatusError (400) if the object has a field that is not of its kind. */
export function requireKnownFields(kind: ResourceKind, object: KubernetesObject): void {
  const unknown = unknownFieldsOf(kind, object);
  if (unknown) throw undecodable(kind, object.kind, unknown);
}

function unknownFieldsOf(kind: ResourceKind, object: KubernetesObject): string | undefined {
  const fields = [...unknownMetadata(object.metadata), ...kind.unknownFields(object).toSorted()];
  if (fields.length === 0) return undefined;
  return `strict decoding error: ${fields.map((field) => `unknown field "${field}"`).join(', ')}`;
}

function undecodable(kind: ResourceKind, given: string, because: string): Error {
  return badRequest(`${given} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${because}`);
}

/** Raises nothing: gives the error (400) for a body that is no object of any kind. */
export function unrecognized(kind: ResourceKind, because: string): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${because}`);
}
