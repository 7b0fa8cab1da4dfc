import type { ResourceKind } from './resource-kind.ts';
import { completeSecret, secretFaults } from './secrets.ts';

const core = { group: '', version: 'v1', custom: false, statusFaults: () => [] } as const;

export const NAMESPACE: ResourceKind = {
  ...core,
  kind: 'Namespace',
  listKind: 'NamespaceList',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  complete: ({ spec = { finalizers: ['kubernetes'] }, status = { phase: 'Active' }, ...object }) => {
    const { name = '', labels } = object.metadata;
    const metadata = { ...object.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } };
    return { ...object, metadata, spec, status };
  },
  faults: () => [],
};

export const SECRET: ResourceKind = {
  ...core,
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
