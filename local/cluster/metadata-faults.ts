import { isRecord, type ObjectMeta } from './kubernetes-object.ts';
import { NAMESPACE } from './core-kinds.ts';
import type { ResourceKind } from './resource-kind.ts';
import type { FieldFault } from './status-error.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
  "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function invalidValue(field: string, value: unknown, rule: string): FieldFault {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${rule}`, field };
}

/** What breaks the rules for every object's metadata: its name, and the keys and values of its labels and annotations. */
export function metadataFaults(kind: ResourceKind, metadata: ObjectMeta): FieldFault[] {
  return [
    ...nameFaults(kind, metadata.name ?? ''),
    ...labelFaults(metadata.labels),
    ...keyFaults('metadata.annotations', metadata.annotations),
  ];
}

function nameFaults(kind: ResourceKind, name: string): FieldFault[] {
  const field = 'metadata.name';
  if (!name)
    return [
      { reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field },
    ];
  if (kind === NAMESPACE)
    return LABEL.test(name) && name.length <= 63 ? [] : [invalidValue(field, name, LABEL_RULE)];
  return SUBDOMAIN.test(name) && name.length <= 253 ? [] : [invalidValue(field, name, SUBDOMAIN_RULE)];
}

function labelFaults(labels: ObjectMeta['labels']): FieldFault[] {
  const values = Object.values(labels ?? {}).filter((value) => !LABEL_VALUE.test(value) || value.length > 63);
  return [
    ...keyFaults('metadata.labels', labels),
    ...values.map((value) => invalidValue('metadata.labels', value, LABEL_VALUE_RULE)),
  ];
}

function keyFaults(field: string, entries: unknown): FieldFault[] {
  if (!isRecord(entries)) return [];
  return Object.keys(entries).flatMap((key) => {
    const [name = '', prefix] = key.split('/').toReversed();
    const holds =
      QUALIFIED_NAME.test(name) && name.length <= 63 && (prefix === undefined || SUBDOMAIN.test(prefix));
    return holds && key.split('/').length <= 2 ? [] : [invalidValue(field, key, QUALIFIED_NAME_RULE)];
  });
}
