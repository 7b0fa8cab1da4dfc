import { expect } from '@jest/globals';
import {
  CONFIG_MAPS,
  created,
  failure,
  KARGO,
  kargoObject,
  patch,
  post,
  PROMOTIONS,
  warehouse,
  WAREHOUSES,
  type ContractCase,
} from './contract-case.ts';

const as = (kind: string): Record<string, string> => ({
  accept: `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`,
});
const METADATA = as('PartialObjectMetadataList');
const TABLE = as('Table');
const META = { apiVersion: 'meta.k8s.io/v1' };

const promotion = (name: string): object =>
  kargoObject('Promotion', name, {
    spec: { stage: 'test', freight: 'abc', steps: [{ uses: 'git-wait-for-pr', as: 'wait' }] },
  });
const running = patch(`${PROMOTIONS}/a/status`, { status: { phase: 'Running' } });

/** The columns of a Promotion's table, and the cells of a row with this phase. */
const COLUMNS = ['Name', 'Shard', 'Stage', 'Freight', 'Phase', 'Age'];
const cells = (name: string, phase: string | null): unknown[] => [
  name,
  null,
  'test',
  'abc',
  phase,
  expect.stringMatching(/^\d+s$/),
];

const configMap = (data: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'piece' },
  data,
});

/** Lists without the objects themselves, and ConfigMaps: what the lookup index is made with. */
export const representing: readonly ContractCase[] = [
  {
    name: 'lists the metadata of objects alone, with the generation of their specs',
    steps: [
      created(WAREHOUSES, warehouse('a')),
      created(WAREHOUSES, warehouse('b')),
      { send: patch(`${WAREHOUSES}/a`, { spec: { interval: '1m0s' } }), expect: { code: 200 } },
      {
        send: { path: WAREHOUSES, headers: METADATA },
        expect: {
          code: 200,
          body: {
            ...META,
            kind: 'PartialObjectMetadataList',
            metadata: { resourceVersion: expect.any(String) },
            items: [
              { metadata: { name: 'a', namespace: '{namespace}', generation: 2, uid: expect.any(String) } },
              { metadata: { name: 'b', generation: 1 } },
            ],
          },
          absent: ['items.0.spec', 'items.1.spec'],
        },
      },
    ],
  },
  {
    name: 'does not count a change of an annotation or of the status as a generation',
    steps: [
      created(WAREHOUSES, warehouse('a')),
      { send: patch(`${WAREHOUSES}/a`, { metadata: { annotations: { x: '1' } } }), expect: { code: 200 } },
      {
        send: patch(`${WAREHOUSES}/a/status`, { status: { discoveredArtifacts: { git: [] } } }),
        expect: { code: 200 },
      },
      {
        send: { path: WAREHOUSES, headers: METADATA },
        expect: { code: 200, body: { items: [{ metadata: { name: 'a', generation: 1 } }] } },
      },
    ],
  },
  {
    name: 'returns null for a list of metadata without objects, and an empty table',
    steps: [
      {
        send: { path: WAREHOUSES, headers: METADATA },
        expect: { code: 200, body: { kind: 'PartialObjectMetadataList', items: null } },
      },
      {
        send: { path: PROMOTIONS, headers: TABLE },
        expect: { code: 200, body: { kind: 'Table', rows: [] } },
      },
    ],
  },
  {
    name: 'cuts a list of metadata into pages',
    steps: [
      ...['a', 'b', 'c'].map((name) => created(WAREHOUSES, warehouse(name))),
      {
        send: { path: `${WAREHOUSES}?limit=2`, headers: METADATA },
        expect: {
          code: 200,
          body: {
            items: [{}, {}],
            metadata: { continue: expect.stringMatching(/./), remainingItemCount: 1 },
          },
        },
      },
      {
        send: (answers) => ({
          path: `${WAREHOUSES}?limit=2&continue=${answers.at(-1)?.body.metadata.continue}`,
          headers: METADATA,
        }),
        expect: {
          code: 200,
          body: { kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'c' } }] },
        },
      },
    ],
  },
  {
    name: 'lists Promotions as a table, with their phases in a column',
    steps: [
      created(PROMOTIONS, promotion('a')),
      created(PROMOTIONS, promotion('b')),
      { send: running, expect: { code: 200 } },
      {
        send: { path: PROMOTIONS, headers: TABLE },
        expect: {
          code: 200,
          body: {
            ...META,
            kind: 'Table',
            columnDefinitions: COLUMNS.map((name) => ({ name })),
            rows: [
              { cells: cells('a', 'Running'), object: { metadata: { name: 'a', namespace: '{namespace}' } } },
              { cells: cells('b', null), object: { metadata: { name: 'b' } } },
            ],
          },
          absent: ['rows.0.object.spec'],
        },
      },
      {
        send: { path: `${PROMOTIONS}?includeObject=None&limit=1`, headers: TABLE },
        expect: {
          code: 200,
          body: {
            rows: [{ cells: cells('a', 'Running'), object: null }],
            metadata: { continue: expect.stringMatching(/./) },
          },
        },
      },
      {
        send: { path: `${KARGO}/promotions`, headers: TABLE },
        expect: {
          code: 200,
          body: {
            rows: expect.arrayContaining([
              expect.objectContaining({
                object: expect.objectContaining({ metadata: expect.objectContaining({ name: 'a' }) }),
              }),
            ]),
          },
        },
      },
    ],
  },
  {
    name: 'returns the metadata of a patched object alone',
    steps: [
      created(WAREHOUSES, warehouse('a')),
      {
        send: {
          ...patch(`${WAREHOUSES}/a`, { metadata: { annotations: { x: '1' } } }),
          headers: as('PartialObjectMetadata'),
        },
        expect: {
          code: 200,
          body: { ...META, kind: 'PartialObjectMetadata', metadata: { name: 'a', annotations: { x: '1' } } },
          absent: ['spec'],
        },
      },
    ],
  },
  {
    name: 'creates, patches, lists and deletes ConfigMaps',
    steps: [
      { send: patch(`${CONFIG_MAPS}/piece`, { data: { a: '1' } }), expect: failure(404, 'NotFound') },
      created(CONFIG_MAPS, configMap({ a: '1', b: '2' })),
      { send: post(CONFIG_MAPS, configMap({ a: '1' })), expect: failure(409, 'AlreadyExists') },
      {
        send: patch(`${CONFIG_MAPS}/piece`, { data: { a: '3' } }),
        expect: { code: 200, body: { kind: 'ConfigMap', data: { a: '3', b: '2' } } },
      },
      {
        send: { path: CONFIG_MAPS, headers: METADATA },
        expect: {
          code: 200,
          body: {
            items: expect.arrayContaining([
              expect.objectContaining({
                metadata: expect.objectContaining({ name: 'piece', resourceVersion: expect.any(String) }),
              }),
            ]),
          },
        },
      },
      { send: { method: 'DELETE', path: `${CONFIG_MAPS}/piece` }, expect: { code: 200 } },
      { send: { path: `${CONFIG_MAPS}/piece` }, expect: failure(404, 'NotFound') },
    ],
  },
  {
    name: 'creates no ConfigMap in a namespace that does not exist',
    steps: [
      {
        send: post('/api/v1/namespaces/missing/configmaps', configMap({})),
        expect: failure(404, 'NotFound', 'namespaces "missing" not found'),
      },
      {
        send: { path: '/api/v1/namespaces/missing/configmaps', headers: METADATA },
        expect: { code: 200, body: { items: null } },
      },
    ],
  },
];
