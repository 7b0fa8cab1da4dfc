import { isRecord, type ObjectMeta } from '../kubernetes-object.ts';

/** The fields of metadata that a client may set, with the type that the API server reads them as. */
const CLIENT_FIELDS: Record<string, string> = {
  name: 'string',
  generateName: 'string',
  namespace: 'string',
  uid: 'types.UID',
  resourceVersion: 'string',
  labels: 'map[string]string',
  annotations: 'map[string]string',
  finalizers: '[]string',
  ownerReferences: '[]v1.OwnerReference',
};

/** The fields that only the API server writes, after those that both do; a client's values for them are passed over. */
const SERVER_FIELDS = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp'];
const ALL_SERVER_FIELDS = [...SERVER_FIELDS, 'deletionGracePeriodSeconds'];

/** What of a request's metadata cannot even be read, in the API server's words; undefined if all can. */
export function unreadableMetadata(metadata: unknown): string | undefined {
  if (!isRecord(metadata))
    return `json: cannot unmarshal ${typeName(metadata)} into Go value of type v1.ObjectMeta`;
  for (const [field, type] of Object.entries(CLIENT_FIELDS)) {
    const wrong = unreadable(metadata[field], type);
    if (wrong)
      return `json: cannot unmarshal ${wrong.actual} into Go struct field ObjectMeta.${field} of type ${wrong.type}`;
  }
  return undefined;
}

/** A value that is of another type than it should be. */
interface WrongType {
  actual: string;
  type: string;
}

function unreadable(value: unknown, type: string): WrongType | undefined {
  if (value === undefined || value === null) return undefined;
  const wrong = { actual: typeName(value), type };
  if (type.startsWith('map')) {
    return isRecord(value) ? firstUnreadable(Object.values(value), 'string') : wrong;
  }
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) return wrong;
    return type === '[]string' ? firstUnreadable(value, 'string') : undefined;
  }
  return typeof value === 'string' ? undefined : wrong;
}

function firstUnreadable(values: unknown[], type: string): WrongType | undefined {
  return values.map((value) => unreadable(value, type)).find((wrong) => wrong !== undefined);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The fields of a client's metadata that are no fields of metadata, as paths. */
export function unknownMetadata(metadata: ObjectMeta): string[] {
  const isKnown = (field: string): boolean =>
    Object.hasOwn(CLIENT_FIELDS, field) ||
    [...ALL_SERVER_FIELDS, 'selfLink', 'managedFields'].includes(field);
  return Object.keys(metadata).flatMap((field) => (isKnown(field) ? [] : [`metadata.${field}`]));
}

/** The metadata that a client gave, less what is empty, unknown, or not a client's to say. */
export function clientMetadata(metadata: ObjectMeta): ObjectMeta {
  const entries = Object.entries(metadata).filter(([field, value]) => {
    const isEmpty =
      value === null || value === '' || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
    return Object.hasOwn(CLIENT_FIELDS, field) && !SERVER_FIELDS.includes(field) && !isEmpty;
  });
  return Object.fromEntries(entries);
}

/** The metadata of an object that the API server wrote. */
export function serverMetadata(metadata: ObjectMeta): ObjectMeta {
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => ALL_SERVER_FIELDS.includes(field)));
}
