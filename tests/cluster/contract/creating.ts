import { expect } from '@jest/globals';
import {
  created,
  failure,
  KARGO,
  kargoObject,
  post,
  SECRETS,
  warehouse,
  WAREHOUSES,
  type ContractCase,
} from './contract-case.ts';

export const creating: readonly ContractCase[] = [
  {
    name: 'sets server fields and defaults, and prunes unknown fields',
    steps: [
      {
        send: post(
          WAREHOUSES,
          warehouse('w', {
            metadata: { uid: 'mine', generation: 7, creationTimestamp: '2020-01-01T00:00:00Z', labels: {} },
            spec: { subscriptions: [{ git: { anything: null } }], shard: null, interval: null, unknown: 1 },
            status: { lastFreightID: 'x' },
            unknown: 1,
          }),
        ),
        expect: {
          code: 201,
          body: {
            apiVersion: 'kargo.akuity.io/v1alpha1',
            kind: 'Warehouse',
            metadata: {
              name: 'w',
              namespace: '{namespace}',
              generation: 1,
              uid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
              resourceVersion: expect.stringMatching(/^\d+$/),
              creationTimestamp: expect.stringMatching(/^20(?!20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            },
            spec: {
              subscriptions: [{ git: { anything: null } }],
              interval: '5m0s',
              freightCreationPolicy: 'Automatic',
            },
          },
          absent: ['unknown', 'metadata.labels', 'spec.unknown', 'spec.shard', 'status'],
        },
      },
    ],
  },
  {
    name: 'rejects a second object of the same name',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: post(WAREHOUSES, warehouse('w')),
        expect: failure(409, 'AlreadyExists', 'warehouses.kargo.akuity.io "w" already exists'),
      },
    ],
  },
  {
    name: 'rejects an object in a namespace that does not exist',
    steps: [
      {
        send: post(`${KARGO}/namespaces/missing/warehouses`, warehouse('w')),
        expect: failure(404, 'NotFound', 'namespaces "missing" not found'),
      },
    ],
  },
  {
    name: 'rejects an object that names another namespace than the path',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { metadata: { namespace: 'other' } })),
        expect: failure(
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        ),
      },
    ],
  },
  {
    name: 'rejects an object that has a resourceVersion',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { metadata: { resourceVersion: '1' } })),
        expect: {
          code: 500,
          body: { message: 'resourceVersion should not be set on objects to be created' },
        },
      },
    ],
  },
  {
    name: 'creates cluster-scoped objects without a namespace',
    steps: [
      {
        send: post(
          `${KARGO}/clusterconfigs`,
          kargoObject('ClusterConfig', '{namespace}', { metadata: { namespace: 'x' } }),
        ),
        expect: { code: 201, body: { metadata: { name: '{namespace}' } }, absent: ['metadata.namespace'] },
      },
      { send: { method: 'DELETE', path: `${KARGO}/clusterconfigs/{namespace}` }, expect: { code: 200 } },
    ],
  },
  {
    name: 'labels a Namespace with its name',
    steps: [
      {
        send: { path: '/api/v1/namespaces/{namespace}' },
        expect: {
          code: 200,
          body: {
            metadata: { labels: { 'kubernetes.io/metadata.name': '{namespace}' } },
            status: { phase: 'Active' },
          },
        },
      },
    ],
  },
  {
    name: "stores a Secret's stringData as data",
    steps: [
      {
        send: post(SECRETS, {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 's' },
          data: { a: 'YQ==', b: 'Yg==' },
          stringData: { b: 's3cret' },
        }),
        expect: {
          code: 201,
          body: { type: 'Opaque', data: { a: 'YQ==', b: 'czNjcmV0' } },
          absent: ['stringData', 'metadata.generation'],
        },
      },
    ],
  },
];
