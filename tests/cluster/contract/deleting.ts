import { expect } from '@jest/globals';
import type { ApiRequest } from '../api-client.ts';
import type { ContractCase } from './contract-case.ts';
import { created, failure, patch, post, secret, SECRETS, WAREHOUSES, warehouse } from './requests.ts';

function remove(path: string, body?: unknown): ApiRequest {
  return { method: 'DELETE', path, body };
}

export const deleting: ContractCase[] = [
  {
    name: 'an object goes, once',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: remove(`${WAREHOUSES}/w`),
        expect: {
          code: 200,
          body: {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Success',
            details: { name: 'w', group: 'kargo.akuity.io', kind: 'warehouses', uid: expect.any(String) },
          },
        },
      },
      { send: { path: `${WAREHOUSES}/w` }, expect: { code: 404 } },
      {
        send: remove(`${WAREHOUSES}/w`),
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "w" not found'),
      },
    ],
  },
  {
    name: 'only this object, only this version of it',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: remove(`${WAREHOUSES}/w`, {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          preconditions: { uid: 'other' },
        }),
        expect: failure(
          409,
          'Conflict',
          expect.stringMatching(
            /^Operation cannot be fulfilled on Warehouse.* "w": the UID in the precondition \(other\) does not match/,
          ),
        ),
      },
      {
        send: remove(`${WAREHOUSES}/w`, { preconditions: { resourceVersion: '1' } }),
        expect: failure(
          409,
          'Conflict',
          expect.stringMatching(/the ResourceVersion in the precondition \(1\) does not match/),
        ),
      },
      {
        send: ([first]) => remove(`${WAREHOUSES}/w`, { preconditions: { uid: first?.body.metadata['uid'] } }),
        expect: { code: 200, body: { status: 'Success' } },
      },
    ],
  },
  {
    name: 'an object with finalizers waits for the last of them',
    steps: [
      created(WAREHOUSES, warehouse('w', { metadata: { finalizers: ['kargo.akuity.io/finalizer'] } })),
      {
        send: remove(`${WAREHOUSES}/w`),
        expect: {
          code: 200,
          body: {
            kind: 'Warehouse',
            metadata: { generation: 2, deletionGracePeriodSeconds: 0, deletionTimestamp: expect.any(String) },
          },
        },
      },
      { send: { path: `${WAREHOUSES}/w` }, expect: { code: 200 } },
      { send: patch(`${WAREHOUSES}/w`, { metadata: { finalizers: null } }), expect: { code: 200 } },
      { send: { path: `${WAREHOUSES}/w` }, expect: { code: 404 } },
    ],
  },
  {
    name: 'a whole collection, or what is selected of it',
    steps: [
      created(WAREHOUSES, warehouse('a', { metadata: { labels: { a: 'b' } } })),
      created(WAREHOUSES, warehouse('b')),
      {
        send: remove(`${WAREHOUSES}?labelSelector=a`),
        expect: { code: 200, body: { items: [{ metadata: { name: 'a' } }] } },
      },
      { send: { path: WAREHOUSES }, expect: { code: 200, body: { items: [{ metadata: { name: 'b' } }] } } },
      { send: remove(WAREHOUSES), expect: { code: 200 } },
      { send: { path: WAREHOUSES }, expect: { code: 200, body: { items: [] } } },
    ],
  },
  {
    name: 'a Secret',
    steps: [
      { send: post(SECRETS, secret('s')), expect: { code: 201 } },
      {
        send: remove(`${SECRETS}/s`),
        expect: { code: 200, body: { status: 'Success', details: { name: 's', kind: 'secrets' } } },
      },
    ],
  },
  {
    name: 'a Namespace, and nothing can be put into it any more',
    steps: [
      {
        send: remove('/api/v1/namespaces/{namespace}'),
        expect: {
          code: 200,
          body: {
            kind: 'Namespace',
            status: { phase: 'Terminating' },
            metadata: { deletionTimestamp: expect.any(String) },
          },
        },
      },
      // Forbidden while it is going, not found when it is gone; how long that takes is the controllers' business.
      {
        send: post(WAREHOUSES, warehouse('w')),
        expect: { code: expect.any(Number) as unknown as number, body: { status: 'Failure' } },
      },
    ],
  },
  {
    name: 'what is no precondition',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: remove(`${WAREHOUSES}/w`, '{'),
        expect: failure(
          400,
          'BadRequest',
          expect.stringMatching(/^couldn't get version\/kind; json parse error: /),
        ),
      },
    ],
  },
];
