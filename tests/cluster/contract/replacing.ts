import { expect } from '@jest/globals';
import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import type { ContractCase } from './contract-case.ts';
import { created, failure, put, secret, SECRETS, WAREHOUSES, warehouse } from './requests.ts';

const MODIFIED =
  'Operation cannot be fulfilled on warehouses.kargo.akuity.io "w": the object has been modified; ' +
  'please apply your changes to the latest version and try again';

/** Puts the object that the last answer gave, changed. */
function putChanged(change: (object: ApiAnswer['body']) => object): (answers: ApiAnswer[]) => ApiRequest {
  return (answers) => put(`${WAREHOUSES}/w`, change(answers.at(-1)!.body));
}

export const replacing: ContractCase[] = [
  {
    name: 'a change of spec is a new generation, a change of metadata is not, and status is passed over',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: putChanged((object) => ({
          ...object,
          spec: { subscriptions: [1], shard: 's' },
          status: { lastFreightID: 'x' },
        })),
        expect: {
          code: 200,
          body: { metadata: { generation: 2 }, spec: { subscriptions: [1], shard: 's', interval: '5m0s' } },
          absent: ['status'],
        },
      },
      {
        send: putChanged((object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 'b' } } })),
        expect: { code: 200, body: { metadata: { generation: 2, labels: { a: 'b' } } } },
      },
      {
        send: putChanged((object) => ({ ...object, metadata: { ...object.metadata, labels: {} } })),
        expect: { code: 200, absent: ['metadata.labels'] },
      },
    ],
  },
  {
    name: 'no change is no new version',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      { send: putChanged((object) => object), expect: { code: 200 } },
      {
        send: ([first]) => put(`${WAREHOUSES}/w`, { ...first!.body, spec: { subscriptions: [1] } }),
        expect: { code: 200 },
      },
    ],
  },
  {
    name: 'what the server wrote stays',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: putChanged(({ metadata, ...object }) => {
          const { name, resourceVersion } = metadata;
          const given = { name, resourceVersion, generation: 9, creationTimestamp: '2020-01-01T00:00:00Z' };
          return { ...object, metadata: given };
        }),
        expect: {
          code: 200,
          body: {
            metadata: {
              generation: 1,
              uid: expect.any(String),
              creationTimestamp: expect.stringMatching(/^20(?!20)/),
            },
          },
        },
      },
    ],
  },
  {
    name: 'when it is to go is not for clients to say',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: putChanged(({ metadata, ...object }) => {
          return { ...object, metadata: { ...metadata, deletionTimestamp: '2020-01-01T00:00:00Z' } };
        }),
        expect: failure(
          422,
          'Invalid',
          'Warehouse.kargo.akuity.io "w" is invalid: metadata.deletionTimestamp: ' +
            'Invalid value: "2020-01-01T00:00:00Z": field is immutable',
        ),
      },
    ],
  },
  {
    name: 'an old version is refused',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      { send: putChanged((object) => ({ ...object, spec: { subscriptions: [1] } })), expect: { code: 200 } },
      {
        send: (answers) => put(`${WAREHOUSES}/w`, answers[0]!.body),
        expect: {
          code: 409,
          body: {
            reason: 'Conflict',
            message: MODIFIED,
            details: { name: 'w', group: 'kargo.akuity.io', kind: 'warehouses' },
          },
        },
      },
    ],
  },
  {
    name: 'no version is refused',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: put(`${WAREHOUSES}/w`, warehouse('w')),
        expect: failure(
          422,
          'Invalid',
          'warehouses.kargo.akuity.io "w" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        ),
      },
    ],
  },
  {
    name: 'what is no version',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: put(`${WAREHOUSES}/w`, warehouse('w', { metadata: { resourceVersion: 'latest' } })),
        expect: { code: 500, body: { message: 'strconv.ParseUint: parsing "latest": invalid syntax' } },
      },
    ],
  },
  {
    name: 'built-in kinds need no version',
    steps: [
      created(SECRETS, secret('s', { stringData: { a: 'b' } })),
      {
        send: put(`${SECRETS}/s`, secret('s', { stringData: { c: 'd' } })),
        expect: { code: 200, body: { data: { c: 'ZA==' } }, absent: ['data.a'] },
      },
    ],
  },
  {
    name: 'the object that was there before, under the same name',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: putChanged((object) => ({ ...object, metadata: { ...object.metadata, uid: 'other' } })),
        expect: failure(
          409,
          'Conflict',
          expect.stringMatching(/Precondition failed: UID in precondition: other, UID in object meta: /),
        ),
      },
    ],
  },
  {
    name: 'another name, none, another version of the API, none of the object',
    steps: [
      created(WAREHOUSES, warehouse('w')),
      {
        send: put(`${WAREHOUSES}/w`, warehouse('v')),
        expect: failure(
          400,
          'BadRequest',
          'the name of the object (v) does not match the name on the URL (w)',
        ),
      },
      {
        send: put(`${WAREHOUSES}/w`, warehouse(undefined)),
        expect: failure(
          400,
          'BadRequest',
          'the name of the object (w based on URL) was undeterminable: name must be provided',
        ),
      },
      {
        send: put(`${WAREHOUSES}/w`, { ...warehouse('w'), apiVersion: 'v1' }),
        expect: failure(
          400,
          'BadRequest',
          'the API version in the data (v1) does not match the expected API version (kargo.akuity.io/v1alpha1)',
        ),
      },
      {
        send: put(`${WAREHOUSES}/v`, warehouse('v', { metadata: { resourceVersion: '1' } })),
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "v" not found'),
      },
    ],
  },
];
