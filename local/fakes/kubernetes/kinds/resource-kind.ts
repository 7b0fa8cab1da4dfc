import type { KubernetesObject } from '../kubernetes-object.ts';
import type { FieldFault } from '../status-error.ts';

/** What the API needs to know about a kind of object in order to serve it. */
export interface ResourceKind {
  /** Empty for the core API. */
  group: string;
  version: string;
  kind: string;
  listKind: string;
  plural: string;
  singular: string;
  shortNames: string[];
  namespaced: boolean;
  /** Whether status has its own subresource, so that a write to the object itself leaves it alone. */
  hasStatus: boolean;
  /** Whether a CustomResourceDefinition defines it; those differ from the built-in kinds in some answers. */
  custom: boolean;
  /** The object as it is kept: unknown fields dropped and defaults filled in. Raises a StatusError if that cannot be. */
  complete: (object: KubernetesObject) => KubernetesObject;
  /** The paths of the fields that {@link complete} drops, beyond those of metadata. */
  unknownFields: (object: KubernetesObject) => string[];
  /** The fields that break the kind's rules, beyond those of metadata. `previous` is what an update replaces. */
  faults: (object: KubernetesObject, previous?: KubernetesObject) => FieldFault[];
  /** The same for a write to the status subresource, which looks at nothing but status. */
  statusFaults: (object: KubernetesObject) => FieldFault[];
}

/** The `apiVersion` of the kind's objects. */
export function apiVersionOf({ group, version }: ResourceKind): string {
  return group ? `${group}/${version}` : version;
}
