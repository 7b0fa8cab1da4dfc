import type { KubernetesObject } from '../kubernetes-object.ts';
import { metadataFaults } from './metadata-faults.ts';
import { apiVersionOf, type ResourceKind } from '../kinds/resource-kind.ts';
import { invalid, type FieldFault } from '../status-error.ts';

/**
 * Raises a StatusError (422) with every rule that the object breaks, those of `more` first. `previous` is what an update
 * replaces.
 */
export function requireValid(
  kind: ResourceKind,
  object: KubernetesObject,
  previous?: KubernetesObject,
  more: FieldFault[] = [],
): void {
  const faults = [...more, ...headFaults(kind, object), ...metadataFaults(kind, object.metadata)];
  refuse(object, [...faults, ...kind.faults(object, previous)]);
}

/** The same for a write to the status subresource, which looks at nothing but status. */
export function requireValidStatus(kind: ResourceKind, object: KubernetesObject): void {
  refuse(object, kind.statusFaults(object));
}

function refuse(object: KubernetesObject, faults: FieldFault[]): void {
  if (faults.length === 0) return;
  const [, group = ''] = /^(.*)\//.exec(object.apiVersion) ?? [];
  throw invalid(object.kind, group, object.metadata.name ?? '', faults);
}

function headFaults(kind: ResourceKind, object: KubernetesObject): FieldFault[] {
  const fault = (field: 'apiVersion' | 'kind', wanted: string): FieldFault[] => {
    if (object[field] === wanted) return [];
    const message = `Invalid value: ${JSON.stringify(object[field])}: must be ${wanted}`;
    return [{ reason: 'FieldValueInvalid', message, field }];
  };
  return [...fault('kind', kind.kind), ...fault('apiVersion', apiVersionOf(kind))];
}
