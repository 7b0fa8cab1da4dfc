import { NAMESPACE } from '../kinds/core-kinds.ts';
import type { ObjectMeta } from '../kubernetes-object.ts';
import { brokenLabelValue, brokenName, brokenNamespaceName, brokenQualifiedName } from './name-rules.ts';
import type { ResourceKind } from '../kinds/resource-kind.ts';
import type { FieldFault } from '../status-error.ts';

/** All annotations of an object together. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** What breaks the rules for every object's metadata: its name, labels, annotations and finalizers. */
export function metadataFaults(kind: ResourceKind, metadata: ObjectMeta): FieldFault[] {
  const { labels = {}, annotations = {}, finalizers = [] } = metadata;
  return [
    ...nameFaults(kind, metadata.name ?? ''),
    ...faultsOf('metadata.labels', Object.keys(labels), brokenQualifiedName),
    ...faultsOf('metadata.labels', Object.values(labels), brokenLabelValue),
    // Unlike a label's, the prefix of an annotation's key may be in upper case.
    ...faultsOf('metadata.annotations', Object.keys(annotations), (key) =>
      brokenQualifiedName(key.toLowerCase()),
    ),
    ...annotationsSizeFaults(annotations),
    ...faultsOf('metadata.finalizers', finalizers, brokenQualifiedName),
  ];
}

function nameFaults(kind: ResourceKind, name: string): FieldFault[] {
  const field = 'metadata.name';
  if (!name)
    return [
      { reason: 'FieldValueRequired', message: 'Required value: name or generateName is required', field },
    ];
  return faultsOf(field, [name], kind === NAMESPACE ? brokenNamespaceName : brokenName);
}

function annotationsSizeFaults(annotations: Record<string, string>): FieldFault[] {
  const size = Object.entries(annotations)
    .flat()
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (size <= MAX_ANNOTATIONS_BYTES) return [];
  const message = `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`;
  return [{ reason: 'FieldValueTooLong', message, field: 'metadata.annotations' }];
}

function faultsOf(field: string, values: string[], broken: (value: string) => string[]): FieldFault[] {
  return values.flatMap((value) =>
    broken(value).map((rule) => {
      return {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(value)}: ${rule}`,
        field,
      };
    }),
  );
}
