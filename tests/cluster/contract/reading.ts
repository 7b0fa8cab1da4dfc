import { expect } from '@jest/globals';
import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import {
  created,
  failure,
  KARGO,
  PROMOTIONS,
  SECRETS,
  warehouse,
  WAREHOUSES,
  type ContractCase,
} from './contract-case.ts';

const PAGE_NOT_FOUND = { code: 404, type: 'text/plain; charset=utf-8', text: '404 page not found\n' };

function named(...names: string[]): object {
  return { items: names.map((name) => ({ metadata: { name } })) };
}

/** Requests the page after that of the last response. */
function nextPage(answers: readonly ApiAnswer[]): ApiRequest {
  return { path: `${WAREHOUSES}?limit=2&continue=${answers.at(-1)?.body.metadata.continue}` };
}

export const reading: readonly ContractCase[] = [
  {
    name: 'returns an object',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { path: `${WAREHOUSES}/w` },
        expect: { code: 200, body: { kind: 'Warehouse', metadata: { name: 'w' } } },
      },
    ],
  },
  {
    name: 'answers 404 for an object that does not exist',
    steps: [
      {
        send: { path: `${WAREHOUSES}/w` },
        expect: {
          code: 404,
          body: {
            kind: 'Status',
            apiVersion: 'v1',
            metadata: {},
            status: 'Failure',
            message: 'warehouses.kargo.akuity.io "w" not found',
            reason: 'NotFound',
            details: { name: 'w', group: 'kargo.akuity.io', kind: 'warehouses' },
            code: 404,
          },
        },
      },
      { send: { path: `${SECRETS}/s` }, expect: failure(404, 'NotFound', 'secrets "s" not found') },
      {
        send: { path: '/api/v1/namespaces/missing' },
        expect: failure(404, 'NotFound', 'namespaces "missing" not found'),
      },
    ],
  },
  {
    name: 'lists the objects of a namespace in the order of their names',
    steps: [
      created(WAREHOUSES, warehouse('b')),
      created(WAREHOUSES, warehouse('a.b')),
      created(WAREHOUSES, warehouse('a')),
      {
        send: { path: WAREHOUSES },
        expect: {
          code: 200,
          body: {
            apiVersion: 'kargo.akuity.io/v1alpha1',
            kind: 'WarehouseList',
            metadata: { continue: '', resourceVersion: expect.stringMatching(/^\d+$/) },
            items: [
              { apiVersion: 'kargo.akuity.io/v1alpha1', kind: 'Warehouse', metadata: { name: 'a' } },
              { metadata: { name: 'a.b' } },
              { metadata: { name: 'b' } },
            ],
          },
        },
      },
    ],
  },
  {
    name: 'lists the objects of all namespaces',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { path: `${KARGO}/warehouses` },
        expect: {
          code: 200,
          body: {
            items: expect.arrayContaining([
              expect.objectContaining({
                metadata: expect.objectContaining({ name: 'w', namespace: '{namespace}' }),
              }),
            ]),
          },
        },
      },
    ],
  },
  {
    name: 'returns an empty list where there is nothing, also for a namespace that does not exist',
    steps: [
      { send: { path: PROMOTIONS }, expect: { code: 200, body: { kind: 'PromotionList', items: [] } } },
      { send: { path: SECRETS }, expect: { code: 200, body: { kind: 'SecretList', items: [] } } },
      {
        send: { path: `${KARGO}/namespaces/missing/warehouses` },
        expect: { code: 200, body: { items: [] } },
      },
    ],
  },
  {
    name: 'cuts a list into pages that show the objects as they were at the first page',
    steps: [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => created(WAREHOUSES, warehouse(name))),
      {
        send: { path: `${WAREHOUSES}?limit=2` },
        expect: {
          code: 200,
          body: { ...named('a', 'b'), metadata: { continue: expect.any(String), remainingItemCount: 3 } },
        },
      },
      created(WAREHOUSES, warehouse('bb')),
      { send: { method: 'DELETE', path: `${WAREHOUSES}/c` }, expect: { code: 200 } },
      {
        send: (answers) => nextPage(answers.slice(0, 6)),
        expect: {
          code: 200,
          body: { ...named('c', 'd'), metadata: { continue: expect.any(String), remainingItemCount: 1 } },
        },
      },
      {
        send: nextPage,
        expect: {
          code: 200,
          body: { ...named('e'), metadata: { continue: '' } },
          absent: ['metadata.remainingItemCount'],
        },
      },
      { send: { path: WAREHOUSES }, expect: { code: 200, body: named('a', 'b', 'bb', 'd', 'e') } },
    ],
  },
  {
    name: 'returns everything for a limit that is not reached, and for limit 0',
    steps: [
      created(WAREHOUSES, warehouse('a')),
      {
        send: { path: `${WAREHOUSES}?limit=1` },
        expect: { code: 200, body: { ...named('a'), metadata: { continue: '' } } },
      },
      { send: { path: `${WAREHOUSES}?limit=0` }, expect: { code: 200, body: named('a') } },
    ],
  },
  {
    name: 'answers 404 in plain text for a path that it does not serve',
    steps: [
      '/nowhere',
      `${KARGO}/namespaces/{namespace}/freights`,
      '/apis/kargo.akuity.io/v1/warehouses',
      `${KARGO}/namespaces/{namespace}/clusterconfigs`,
      `${KARGO}/warehouses/w`,
    ].map((path) => ({ send: { path }, expect: PAGE_NOT_FOUND })),
  },
];
