import type { Target } from '../cluster.ts';
import type { KubernetesObject } from '../kubernetes-object.ts';
import { conflict, invalid, modified, unforeseen, type FieldFault } from '../status-error.ts';

/**
 * Raises a StatusError unless `next` was made from the latest version of the object: 409 where it names another
 * resourceVersion or uid, and 422 where it names no resourceVersion, which only the built-in kinds allow.
 */
export function requireUnchanged(
  { kind, name }: Target,
  existing: KubernetesObject,
  next: KubernetesObject,
  isPatch: boolean,
): void {
  const { uid, resourceVersion = '' } = next.metadata;
  // A patch is made of whatever object there is: in it, another uid is no precondition but a change.
  if (!isPatch && uid && uid !== existing.metadata.uid) {
    const because = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${existing.metadata.uid}`;
    throw conflict(kind.plural, kind.group, name, because);
  }
  if (!/^\d*$/.test(resourceVersion)) {
    throw unforeseen(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  const isUnnamed = Number(resourceVersion) === 0;
  if (isUnnamed && kind.custom) {
    const message = 'Invalid value: 0: must be specified for an update';
    const fault = { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' };
    throw invalid(kind.plural, kind.group, name, [fault]);
  }
  if (!isUnnamed && resourceVersion !== existing.metadata.resourceVersion) throw modified(kind, name);
}

const IMMUTABLE = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

/** The fields of metadata that `next` would change though nobody can. */
export function immutableFaults(
  { metadata: before }: KubernetesObject,
  { metadata }: KubernetesObject,
): FieldFault[] {
  const isChanged = (field: string): boolean => !!metadata[field] && metadata[field] !== before[field];
  return IMMUTABLE.filter(isChanged).map((field) => {
    const message = `Invalid value: ${JSON.stringify(metadata[field])}: field is immutable`;
    return { reason: 'FieldValueInvalid', message, field: `metadata.${field}` };
  });
}
