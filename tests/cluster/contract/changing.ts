import { expect } from '@jest/globals';
import {
  created,
  failure,
  patch,
  post,
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
