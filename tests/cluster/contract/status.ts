import {
  CONFIGS,
  created,
  failure,
  kargoObject,
  patch,
  PROMOTIONS,
  versionIn,
  warehouse,
  WAREHOUSES,
  type ContractCase,
} from './contract-case.ts';

export const status: readonly ContractCase[] = [
  {
    name: 'changes nothing but status through the subresource, and no status without it',
    steps: [
      created(WAREHOUSES, warehouse('w', { metadata: { labels: { a: 'b' } } })),
      {
        send: patch(`${WAREHOUSES}/w/status`, {
          metadata: { labels: { c: 'd' }, annotations: { e: 'f' } },
          spec: { shard: 's' },
          status: { lastFreightID: 'x', unknown: 1 },
        }),
        expect: {
          code: 200,
          body: { metadata: { generation: 1, labels: { a: 'b' } }, status: { lastFreightID: 'x' } },
          absent: ['metadata.labels.c', 'metadata.annotations', 'spec.shard', 'status.unknown'],
        },
      },
      {
        send: patch(`${WAREHOUSES}/w`, { spec: { shard: 's' }, status: { lastFreightID: 'y' } }),
        expect: { code: 200, body: { metadata: { generation: 2 }, status: { lastFreightID: 'x' } } },
      },
      {
        send: { path: `${WAREHOUSES}/w/status` },
        expect: { code: 200, body: { kind: 'Warehouse', status: { lastFreightID: 'x' } } },
      },
      { send: patch(`${WAREHOUSES}/w/status`, { status: null }), expect: { code: 200, absent: ['status'] } },
    ],
  },
  {
    name: 'rejects a status that is based on another resourceVersion than the latest',
    steps: [
      created(CONFIGS, kargoObject('ProjectConfig', 'p')),
      { send: patch(`${CONFIGS}/p`, { metadata: { labels: { a: 'b' } } }), expect: { code: 200 } },
      ...[0, 1].map((index) => ({
        send: (answers: Parameters<typeof versionIn>[0]) =>
          patch(`${CONFIGS}/p/status`, {
            metadata: { resourceVersion: versionIn(answers, index) },
            status: { lastHandledRefresh: 'x' },
          }),
        expect:
          index === 0
            ? failure(409, 'Conflict')
            : { code: 200, body: { status: { lastHandledRefresh: 'x' } } },
      })),
    ],
  },
  {
    name: 'keeps the resourceVersion when the same status is written again',
    steps: [
      created(CONFIGS, kargoObject('ProjectConfig', 'p')),
      { send: patch(`${CONFIGS}/p/status`, { status: { lastHandledRefresh: 'x' } }), expect: { code: 200 } },
      { send: patch(`${CONFIGS}/p/status`, { status: { lastHandledRefresh: 'x' } }), expect: { code: 200 } },
      {
        send: (answers) =>
          patch(`${CONFIGS}/p/status`, {
            metadata: { resourceVersion: versionIn(answers, 1) },
            status: { lastHandledRefresh: 'y' },
          }),
        expect: { code: 200 },
      },
    ],
  },
  {
    name: "keeps the free-form state in a Promotion's status",
    steps: [
      created(
        PROMOTIONS,
        kargoObject('Promotion', 'p', {
          spec: { stage: 's', freight: 'f', steps: [{ uses: 'x', as: 'w' }] },
        }),
      ),
      {
        send: patch(`${PROMOTIONS}/p/status`, {
          status: { phase: 'Running', currentStep: 0, state: { w: { pr: { url: 'u', id: 1 } } } },
        }),
        expect: {
          code: 200,
          body: { status: { phase: 'Running', currentStep: 0, state: { w: { pr: { url: 'u', id: 1 } } } } },
        },
      },
    ],
  },
  {
    name: 'answers 404 for the status of an object that does not exist',
    steps: [
      {
        send: patch(`${WAREHOUSES}/w/status`, { status: {} }),
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "w" not found'),
      },
    ],
  },
];
