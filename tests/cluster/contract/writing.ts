import { expect } from '@jest/globals';
import {
  created,
  failure,
  KARGO,
  kargoObject,
  patch,
  post,
  SECRETS,
  versionIn,
  warehouse,
  WAREHOUSES,
  type ContractCase,
  type Expected,
  type Step,
} from './contract-case.ts';

/** Merge patches of one Warehouse, each of the result of the one before. */
function patches(...steps: [body: unknown, expected: Expected][]): Step[] {
  const initial = warehouse('w', { metadata: { annotations: { a: '1', b: '2' } } });
  const rest = steps.map(([body, expected]) => ({ send: patch(`${WAREHOUSES}/w`, body), expect: expected }));
  return [created(WAREHOUSES, initial), ...rest];
}

const CONFLICT = failure(
  409,
  'Conflict',
  expect.stringMatching(/^Operation cannot be fulfilled on warehouses.* "w": the object has been modified; /),
);

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

export const patching: readonly ContractCase[] = [
  {
    name: 'merges a patch into an object, and increments the generation when the spec changes',
    steps: patches(
      [
        { metadata: { annotations: { 'kargo.akuity.io/refresh': '2026-01-01T00:00:00Z', a: null } } },
        {
          code: 200,
          body: {
            metadata: {
              generation: 1,
              annotations: { b: '2', 'kargo.akuity.io/refresh': '2026-01-01T00:00:00Z' },
            },
          },
          absent: ['metadata.annotations.a'],
        },
      ],
      [
        { spec: { subscriptions: [1, 2], interval: null } },
        {
          code: 200,
          body: { metadata: { generation: 2 }, spec: { subscriptions: [1, 2], interval: '5m0s' } },
        },
      ],
      [{ status: { lastFreightID: 'x' } }, { code: 200, absent: ['status'] }],
      [
        { metadata: { creationTimestamp: null, generation: 9 } },
        { code: 200, body: { metadata: { generation: 2, creationTimestamp: expect.any(String) } } },
      ],
      [{ metadata: { annotations: null } }, { code: 200, absent: ['metadata.annotations'] }],
    ),
  },
  {
    name: 'keeps the resourceVersion when a patch changes nothing',
    steps: [
      ...patches([{ metadata: { annotations: { a: '1' } } }, { code: 200 }]),
      {
        send: (answers) =>
          patch(`${WAREHOUSES}/w`, {
            metadata: { resourceVersion: versionIn(answers, 0), labels: { c: 'd' } },
          }),
        expect: { code: 200 },
      },
    ],
  },
  {
    name: 'rejects a patch that names another resourceVersion than the latest',
    steps: [
      ...patches([{ metadata: { annotations: { a: '3' } } }, { code: 200 }]),
      ...[0, 1].map((index) => ({
        send: (answers: Parameters<typeof versionIn>[0]) =>
          patch(`${WAREHOUSES}/w`, {
            metadata: { resourceVersion: versionIn(answers, index), annotations: { a: '4' } },
          }),
        expect: index === 0 ? CONFLICT : { code: 200, body: { metadata: { annotations: { a: '4' } } } },
      })),
    ],
  },
  {
    name: 'rejects a patch that is not a JSON object, and one of another media type',
    steps: [
      ...patches(['{', failure(400, 'BadRequest')], [[1], failure(400, 'BadRequest')]),
      {
        send: patch(`${WAREHOUSES}/w`, {}, 'application/json'),
        expect: failure(415, 'UnsupportedMediaType'),
      },
    ],
  },
  {
    name: 'rejects a patch that changes the name, or makes the object invalid',
    steps: patches(
      [
        { metadata: { name: 'v' } },
        failure(400, 'BadRequest', 'the name of the object (v) does not match the name on the URL (w)'),
      ],
      [
        { spec: null },
        failure(422, 'Invalid', 'Warehouse.kargo.akuity.io "w" is invalid: spec: Required value'),
      ],
      [{ metadata: { annotations: { a: 1 } } }, failure(422, 'Invalid')],
    ),
  },
  {
    name: 'answers 404 for a patch of an object that does not exist',
    steps: [
      {
        send: patch(`${WAREHOUSES}/w`, { metadata: { annotations: { a: '1' } } }),
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "w" not found'),
      },
    ],
  },
];

export const deleting: readonly ContractCase[] = [
  {
    name: 'deletes an object once',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { method: 'DELETE', path: `${WAREHOUSES}/w` },
        expect: {
          code: 200,
          body: {
            kind: 'Status',
            status: 'Success',
            details: { name: 'w', group: 'kargo.akuity.io', kind: 'warehouses' },
          },
        },
      },
      { send: { path: `${WAREHOUSES}/w` }, expect: failure(404, 'NotFound') },
      { send: { method: 'DELETE', path: `${WAREHOUSES}/w` }, expect: failure(404, 'NotFound') },
    ],
  },
  {
    name: 'deletes a Namespace, and rejects new objects in it',
    steps: [
      {
        send: { method: 'DELETE', path: '/api/v1/namespaces/{namespace}' },
        expect: { code: 200, body: { kind: 'Namespace', status: { phase: 'Terminating' } } },
      },
      // 403 while the namespace terminates, 404 afterwards. How long that takes depends on controllers.
      {
        send: post(WAREHOUSES, warehouse('w')),
        expect: { code: expect.any(Number) as unknown as number, body: { status: 'Failure' } },
      },
    ],
  },
];
