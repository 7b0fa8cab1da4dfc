import { isRecord, type KubernetesObject } from '../kubernetes-object.ts';
import { badRequest, type FieldFault } from '../status-error.ts';

const KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** A Secret as it is kept: `stringData` is only another way to write `data`. Raises a StatusError for what is no text. */
export function completeSecret(secret: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, metadata, data, stringData, type, immutable } = secret;
  const bytes = { ...bytesOf(data), ...encoded(stringData) };
  return {
    apiVersion,
    kind,
    metadata,
    ...(Object.keys(bytes).length > 0 && { data: bytes }),
    ...(typeof immutable === 'boolean' && { immutable }),
    type: type ?? 'Opaque',
  };
}

export function secretFaults({ data, type }: KubernetesObject, previous?: KubernetesObject): FieldFault[] {
  const keys = isRecord(data) ? Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key)) : [];
  const faults = keys.map((key) => invalidValue(`data[${key}]`, key, KEY_RULE));
  if (previous && previous['type'] !== type) faults.push(invalidValue('type', type, 'field is immutable'));
  return faults;
}

function invalidValue(field: string, value: unknown, rule: string): FieldFault {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${rule}`, field };
}

function bytesOf(data: unknown): Record<string, string> {
  return textsOf(data, 'data', '[]uint8', (text) => {
    const base64 = text.replaceAll(/[\r\n]/g, '');
    const legible = /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?/.exec(base64)?.[0].length ?? 0;
    if (legible < base64.length) throw undecodable(`illegal base64 data at input byte ${legible}`);
    return base64;
  });
}

function encoded(stringData: unknown): Record<string, string> {
  return textsOf(stringData, 'stringData', 'string', (text) => Buffer.from(text).toString('base64'));
}

function textsOf(
  value: unknown,
  field: string,
  type: string,
  read: (text: string) => string,
): Record<string, string> {
  const entries = value ?? {};
  if (!isRecord(entries)) throw unreadable(entries, field, `map[string]${type}`);
  const texts = Object.entries(entries).map(([key, text]): [string, string] => {
    if (text !== null && typeof text !== 'string') throw unreadable(text, field, type);
    return [key, read(text ?? '')];
  });
  return Object.fromEntries(texts);
}

function unreadable(value: unknown, field: string, type: string): Error {
  return undecodable(
    `json: cannot unmarshal ${typeof value} into Go struct field Secret.${field} of type ${type}`,
  );
}

function undecodable(because: string): Error {
  return badRequest(`Secret in version "v1" cannot be handled as a Secret: ${because}`);
}
