import type { KubernetesObject } from '../kubernetes-object.ts';
import type { ResourceKind } from './resource-kind.ts';
import { completeSecret, secretFaults } from './secrets.ts';

const HEAD = ['apiVersion', 'kind', 'metadata'];

/** What all built-in kinds have in common; `fields` are those of the object beside its head. */
function core(
  ...fields: string[]
): Pick<ResourceKind, 'group' | 'version' | 'custom' | 'statusFaults' | 'unknownFields'> {
  const isUnknown = (name: string): boolean => !HEAD.includes(name) && !fields.includes(name);
  return {
    group: '',
    version: 'v1',
    custom: false,
    statusFaults: () => [],
    unknownFields: (object) => Object.keys(object).filter(isUnknown),
  };
}

export const NAMESPACE: ResourceKind = {
  ...core('spec', 'status'),
  kind: 'Namespace',
  listKind: 'NamespaceList',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  complete: completeNamespace,
  faults: () => [],
};

export const SECRET: ResourceKind = {
  ...core('data', 'stringData', 'type', 'immutable'),
  kind: 'Secret',
  listKind: 'SecretList',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  namespaced: true,
  hasStatus: false,
  complete: completeSecret,
  faults: secretFaults,
};

function completeNamespace(object: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, spec = { finalizers: ['kubernetes'] }, status = { phase: 'Active' } } = object;
  const { name = '', labels } = object.metadata;
  const metadata = { ...object.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } };
  return { apiVersion, kind, metadata, spec, status };
}
