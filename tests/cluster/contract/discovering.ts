import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import { KARGO } from './requests.ts';

const PLAIN = 'text/plain; charset=utf-8';

function resources(...entries: object[]): unknown {
  return expect.arrayContaining(entries.map((entry) => expect.objectContaining(entry)));
}

export const discovering: ContractCase[] = [
  {
    name: 'whether it is well',
    steps: ['/healthz', '/livez', '/readyz'].map((path) => ({
      send: { path },
      expect: { code: 200, type: PLAIN, text: 'ok' },
    })),
  },
  {
    name: 'its version',
    steps: [
      {
        send: { path: '/version' },
        expect: { code: 200, body: { major: '1', gitVersion: expect.stringMatching(/^v1\./) } },
      },
    ],
  },
  {
    name: 'its groups',
    steps: [
      { send: { path: '/api' }, expect: { code: 200, body: { kind: 'APIVersions', versions: ['v1'] } } },
      {
        send: { path: '/apis' },
        expect: { code: 200, body: { kind: 'APIGroupList', groups: resources({ name: 'kargo.akuity.io' }) } },
      },
      {
        send: { path: '/apis/kargo.akuity.io' },
        expect: {
          code: 200,
          body: {
            kind: 'APIGroup',
            name: 'kargo.akuity.io',
            preferredVersion: { groupVersion: 'kargo.akuity.io/v1alpha1', version: 'v1alpha1' },
          },
        },
      },
    ],
  },
  {
    name: 'its kinds',
    steps: [
      {
        send: { path: '/api/v1' },
        expect: {
          code: 200,
          body: {
            kind: 'APIResourceList',
            groupVersion: 'v1',
            resources: resources(
              { name: 'namespaces', kind: 'Namespace', namespaced: false, shortNames: ['ns'] },
              { name: 'secrets', kind: 'Secret', namespaced: true },
            ),
          },
        },
      },
      {
        send: { path: KARGO },
        expect: {
          code: 200,
          body: {
            kind: 'APIResourceList',
            groupVersion: 'kargo.akuity.io/v1alpha1',
            resources: resources(
              { name: 'clusterconfigs', kind: 'ClusterConfig', namespaced: false },
              {
                name: 'projectconfigs',
                singularName: 'projectconfig',
                kind: 'ProjectConfig',
                namespaced: true,
              },
              { name: 'projectconfigs/status', kind: 'ProjectConfig', verbs: ['get', 'patch', 'update'] },
              { name: 'projects', kind: 'Project', namespaced: false },
              { name: 'promotions', kind: 'Promotion', namespaced: true, shortNames: ['promo', 'promos'] },
              { name: 'stages', kind: 'Stage', namespaced: true },
              { name: 'warehouses', kind: 'Warehouse', namespaced: true },
            ),
          },
        },
      },
    ],
  },
];
