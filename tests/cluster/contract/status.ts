import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import {
  created,
  failure,
  IN_NAMESPACE,
  kargoObject,
  patch,
  put,
  versionOf,
  WAREHOUSES,
  warehouse,
} from './requests.ts';

const CONFIGS = `${IN_NAMESPACE}/projectconfigs`;

export const status: ContractCase[] = [
  {
    name: 'a patch of status changes nothing else',
    steps: [
      created(WAREHOUSES, warehouse('w', { metadata: { labels: { a: 'b' } } })),
      {
        send: patch(`${WAREHOUSES}/w/status`, {
          metadata: { labels: { c: 'd' }, annotations: { e: 'f' } },
          spec: { shard: 's' },
          status: { lastFreightID: 'x', bogus: 1 },
        }),
        expect: {
          code: 200,
          body: { metadata: { generation: 1, labels: { a: 'b' } }, status: { lastFreightID: 'x' } },
          absent: ['metadata.labels.c', 'metadata.annotations', 'spec.shard', 'status.bogus'],
        },
      },
      {
        send: patch(`${WAREHOUSES}/w`, { spec: { shard: 's' }, status: { lastFreightID: 'y' } }),
        expect: { code: 200, body: { metadata: { generation: 2 }, status: { lastFreightID: 'x' } } },
      },
      { send: patch(`${WAREHOUSES}/w/status`, { status: null }), expect: { code: 200, absent: ['status'] } },
    ],
  },
  {
    name: 'a status can be replaced',
    steps: [
      created(CONFIGS, kargoObject('ProjectConfig', 'p')),
      {
        send: (answers) =>
          put(`${CONFIGS}/p/status`, {
            ...answers[0]!.body,
            spec: { bogus: 1 },
            status: { webhookReceivers: [{ name: 'a', path: '/b' }] },
          }),
        expect: {
          code: 200,
          body: { status: { webhookReceivers: [{ name: 'a', path: '/b' }] } },
          absent: ['spec'],
        },
      },
      {
        send: (answers) => put(`${CONFIGS}/p/status`, { ...answers[0]!.body, status: {} }),
        expect: failure(
          409,
          'Conflict',
          expect.stringMatching(/^Operation cannot be fulfilled on projectconfigs.kargo.akuity.io "p": /),
        ),
      },
      {
        send: put(`${CONFIGS}/p/status`, kargoObject('ProjectConfig', 'p', { status: {} })),
        expect: {
          code: 422,
          body: {
            message: expect.stringMatching(/metadata.resourceVersion: .* must be specified for an update$/),
          },
        },
      },
    ],
  },
  {
    name: 'a status of an old version is refused, in a patch too',
    steps: [
      created(CONFIGS, kargoObject('ProjectConfig', 'p')),
      { send: patch(`${CONFIGS}/p`, { metadata: { labels: { a: 'b' } } }), expect: { code: 200 } },
      {
        send: (answers) =>
          patch(`${CONFIGS}/p/status`, {
            metadata: { resourceVersion: versionOf(answers[0]) },
            status: { lastHandledRefresh: 'x' },
          }),
        expect: { code: 409, body: { reason: 'Conflict' } },
      },
      {
        send: (answers) =>
          patch(`${CONFIGS}/p/status`, {
            metadata: { resourceVersion: versionOf(answers[1]) },
            status: { lastHandledRefresh: 'x' },
          }),
        expect: { code: 200, body: { status: { lastHandledRefresh: 'x' } } },
      },
    ],
  },
  {
    name: 'the same status again writes nothing',
    steps: [
      created(CONFIGS, kargoObject('ProjectConfig', 'p')),
      { send: patch(`${CONFIGS}/p/status`, { status: { lastHandledRefresh: 'x' } }), expect: { code: 200 } },
      { send: patch(`${CONFIGS}/p/status`, { status: { lastHandledRefresh: 'x' } }), expect: { code: 200 } },
      {
        send: (answers) =>
          patch(`${CONFIGS}/p/status`, {
            metadata: { resourceVersion: versionOf(answers[1]) },
            status: { lastHandledRefresh: 'y' },
          }),
        expect: { code: 200 },
      },
    ],
  },
  {
    name: "a Promotion's status keeps what its steps left there",
    steps: [
      created(
        `${IN_NAMESPACE}/promotions`,
        kargoObject('Promotion', 'p', {
          spec: { stage: 's', freight: 'f', steps: [{ uses: 'x', as: 'w' }] },
        }),
      ),
      {
        send: patch(`${IN_NAMESPACE}/promotions/p/status`, {
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
    name: 'a status that is no object, and one of what is not there',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: patch(`${WAREHOUSES}/w/status`, { status: 'a' }),
        expect: failure(
          422,
          'Invalid',
          'Warehouse.kargo.akuity.io "w" is invalid: status: Invalid value: "string":  in body must be of type object: "string"',
        ),
      },
      {
        send: patch(`${WAREHOUSES}/v/status`, { status: {} }),
        expect: { code: 404, body: { reason: 'NotFound' } },
      },
    ],
  },
  {
    name: 'a status cannot be created or deleted',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { method: 'POST', path: `${WAREHOUSES}/w/status`, body: {} },
        expect: failure(
          405,
          'MethodNotAllowed',
          'create is not supported on resources of kind "warehouses.kargo.akuity.io"',
        ),
      },
      {
        send: { method: 'DELETE', path: `${WAREHOUSES}/w/status` },
        expect: failure(
          405,
          'MethodNotAllowed',
          'delete is not supported on resources of kind "warehouses.kargo.akuity.io"',
        ),
      },
    ],
  },
];
