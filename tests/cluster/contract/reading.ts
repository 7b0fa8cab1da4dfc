import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import { created, failure, IN_NAMESPACE, KARGO, SECRETS, WAREHOUSES, warehouse } from './requests.ts';

const NOWHERE = { code: 404, type: 'text/plain; charset=utf-8', text: '404 page not found\n' };

export const reading: ContractCase[] = [
  {
    name: 'an object, and the same by its status',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { path: `${WAREHOUSES}/w` },
        expect: { code: 200, body: { kind: 'Warehouse', metadata: { name: 'w' } } },
      },
      {
        send: { path: `${WAREHOUSES}/w/status` },
        expect: { code: 200, body: { kind: 'Warehouse', metadata: { name: 'w' } } },
      },
      {
        send: { path: '/api/v1/namespaces/{namespace}/status' },
        expect: { code: 200, body: { kind: 'Namespace' } },
      },
    ],
  },
  {
    name: 'what is not there',
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
    name: 'a list, in the order of names',
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
    name: 'a list of all namespaces',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { path: `${KARGO}/warehouses` },
        expect: {
          code: 200,
          body: { items: expect.arrayContaining([expect.objectContaining({ kind: 'Warehouse' })]) },
        },
      },
    ],
  },
  {
    name: 'a list of nothing, also of a namespace that is not there',
    steps: [
      {
        send: { path: `${IN_NAMESPACE}/promotions` },
        expect: { code: 200, body: { kind: 'PromotionList', items: [] } },
      },
      {
        send: { path: SECRETS },
        expect: { code: 200, body: { kind: 'SecretList', items: [] }, absent: ['metadata.continue'] },
      },
      {
        send: { path: `${KARGO}/namespaces/missing/warehouses` },
        expect: { code: 200, body: { items: [] } },
      },
    ],
  },
  {
    name: 'the slash at the end is passed over',
    steps: [{ send: { path: `${WAREHOUSES}/` }, expect: { code: 200, body: { kind: 'WarehouseList' } } }],
  },
  {
    name: 'only the head',
    steps: [{ send: { method: 'HEAD', path: WAREHOUSES }, expect: { code: 200, text: '' } }],
  },
  {
    name: 'YAML',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: { path: `${WAREHOUSES}/w`, headers: { accept: 'application/yaml' } },
        expect: {
          code: 200,
          type: 'application/yaml',
          text: expect.stringMatching(/^  creationTimestamp: "20.*Z"$/m),
        },
      },
    ],
  },
  {
    name: 'no media type that there is',
    steps: [
      {
        send: { path: WAREHOUSES, headers: { accept: 'text/html' } },
        expect: failure(
          406,
          'NotAcceptable',
          expect.stringMatching(
            /^only the following media types are accepted: application\/json, application\/yaml/,
          ),
        ),
      },
    ],
  },
  {
    name: 'places where there is nothing',
    steps: [
      { send: { path: '/nowhere' }, expect: NOWHERE },
      { send: { path: `${IN_NAMESPACE}/freights` }, expect: NOWHERE },
      { send: { path: '/apis/kargo.akuity.io/v1/warehouses' }, expect: NOWHERE },
      { send: { path: `${IN_NAMESPACE}/clusterconfigs` }, expect: NOWHERE },
      { send: { path: `${KARGO}/warehouses/w` }, expect: NOWHERE },
      {
        send: { path: '/api/v1/nowhere' },
        expect: failure(404, 'NotFound', 'the server could not find the requested resource'),
      },
      {
        send: { path: `${SECRETS}/s/status` },
        expect: failure(404, 'NotFound', 'the server could not find the requested resource'),
      },
      {
        send: { path: `${WAREHOUSES}/w/scale` },
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "w" not found'),
      },
    ],
  },
  {
    name: 'a path that is not encoded well',
    steps: [
      {
        send: { path: `${WAREHOUSES}/%zz` },
        expect: { code: 400, type: 'text/plain; charset=utf-8', text: '400 Bad Request' },
      },
    ],
  },
];
