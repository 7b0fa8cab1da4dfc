import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import {
  created,
  failure,
  IN_NAMESPACE,
  KARGO,
  kargoObject,
  post,
  secret,
  SECRETS,
  WAREHOUSES,
  warehouse,
} from './requests.ts';

const YAML = `
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: { name: w }
spec: { subscriptions: [{ git: { repoURL: https://x/y } }] }`;

export const creating: ContractCase[] = [
  {
    name: 'an object gets a uid, a time, a version, a generation and its defaults, and loses what its kind does not have',
    steps: [
      {
        send: post(
          WAREHOUSES,
          warehouse('w', {
            metadata: {
              uid: 'mine',
              generation: 7,
              creationTimestamp: '2020-01-01T00:00:00Z',
              bogus: 1,
              labels: {},
            },
            spec: { subscriptions: [{ git: { anything: null } }], shard: null, interval: null, bogus: 1 },
            bogus: 1,
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
          absent: ['bogus', 'metadata.bogus', 'metadata.labels', 'spec.bogus', 'spec.shard', 'status'],
        },
      },
    ],
  },
  {
    name: 'a status is passed over',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { status: { lastFreightID: 'x' } })),
        expect: { code: 201, absent: ['status'] },
      },
    ],
  },
  {
    name: 'the second of a name is refused',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: post(WAREHOUSES, warehouse('w')),
        expect: failure(409, 'AlreadyExists', 'warehouses.kargo.akuity.io "w" already exists'),
      },
    ],
  },
  {
    name: 'a name can be generated',
    steps: [
      {
        send: post(WAREHOUSES, warehouse(undefined, { metadata: { generateName: 'gen-' } })),
        expect: { code: 201, body: { metadata: { name: expect.stringMatching(/^gen-[a-z0-9]{5}$/) } } },
      },
    ],
  },
  {
    name: 'the namespace has to exist, and comes before the rest',
    steps: [
      {
        send: post(`${KARGO}/namespaces/missing/warehouses`, warehouse('w', { spec: {} })),
        expect: failure(404, 'NotFound', 'namespaces "missing" not found'),
      },
    ],
  },
  {
    name: 'the namespace has to be that of the path',
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
    name: 'a resourceVersion is not for objects that do not exist yet',
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
    name: 'a dry run leaves nothing behind',
    steps: [
      {
        send: post(`${WAREHOUSES}?dryRun=All`, warehouse('w')),
        expect: { code: 201, body: { metadata: { name: 'w' } } },
      },
      { send: { path: `${WAREHOUSES}/w` }, expect: { code: 404 } },
    ],
  },
  {
    name: 'YAML',
    steps: [
      {
        send: post(WAREHOUSES, YAML, 'application/yaml'),
        expect: { code: 201, body: { spec: { subscriptions: [{ git: { repoURL: 'https://x/y' } }] } } },
      },
    ],
  },
  {
    name: 'a media type with parameters, and none at all, which means JSON',
    steps: [
      { send: post(WAREHOUSES, warehouse('a'), 'application/json; charset=utf-8'), expect: { code: 201 } },
      { send: post(WAREHOUSES, warehouse('b'), ''), expect: { code: 201 } },
    ],
  },
  {
    name: 'what is not namespaced loses a namespace',
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
    name: 'a Namespace',
    steps: [
      {
        send: { path: '/api/v1/namespaces/{namespace}' },
        expect: {
          code: 200,
          body: {
            metadata: { name: '{namespace}', labels: { 'kubernetes.io/metadata.name': '{namespace}' } },
            spec: { finalizers: ['kubernetes'] },
            status: { phase: 'Active' },
          },
        },
      },
    ],
  },
  {
    name: 'a Secret, whose texts become bytes',
    steps: [
      {
        send: post(SECRETS, secret('s', { data: { a: 'YQ==', b: 'Yg==' }, stringData: { b: 's3cret' } })),
        expect: {
          code: 201,
          body: { type: 'Opaque', data: { a: 'YQ==', b: 'czNjcmV0' } },
          absent: ['stringData', 'metadata.generation'],
        },
      },
    ],
  },
  {
    name: 'a ProjectConfig keeps the receivers of other kinds as they are',
    steps: [
      {
        send: post(
          `${IN_NAMESPACE}/projectconfigs`,
          kargoObject('ProjectConfig', '{namespace}', {
            spec: {
              webhookReceivers: [
                { name: 'a', bitbucket: { secretRef: {} } },
                { name: 'b', github: { secretRef: { name: 'x' } } },
              ],
            },
          }),
        ),
        expect: {
          code: 201,
          body: {
            spec: {
              webhookReceivers: [
                { name: 'a', bitbucket: { secretRef: { name: '' } } },
                { name: 'b', github: { secretRef: { name: 'x' } } },
              ],
            },
          },
        },
      },
    ],
  },
];
