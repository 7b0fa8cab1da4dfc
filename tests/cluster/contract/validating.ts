import { expect } from '@jest/globals';
import { invalid, refused, required, wrongType, type Cause } from './causes.ts';
import type { ContractCase } from './contract-case.ts';
import {
  IN_NAMESPACE,
  KARGO,
  kargoObject,
  post,
  secret,
  SECRETS,
  WAREHOUSES,
  warehouse,
} from './requests.ts';

const step = { uses: 'git-wait-for-pr', as: 'wait' };

/** Objects that break one rule: where they are sent to, the object, and what the API says is wrong with it. */
const OBJECTS: [name: string, path: string, object: object, cause: Cause][] = [
  ['another kind', WAREHOUSES, kargoObject('Stage', 'w'), invalid('kind', /^"Stage": must be Warehouse$/)],
  ['no spec', WAREHOUSES, kargoObject('Warehouse', 'w'), required('spec')],
  ['no subscriptions', WAREHOUSES, warehouse('w', { spec: {} }), required('spec.subscriptions')],
  [
    'null subscriptions',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: null } }),
    required('spec.subscriptions'),
  ],
  [
    'empty subscriptions',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: [] } }),
    invalid('spec.subscriptions', /^0: spec.subscriptions in body should have at least 1 items$/),
  ],
  [
    'subscriptions that are no list',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: 'a' } }),
    wrongType('spec.subscriptions', /^"string": spec.subscriptions in body must be of type array: "string"$/),
  ],
  [
    'a number for a string',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: [1], shard: 1 } }),
    wrongType('spec.shard', /^"integer": spec.shard in body must be of type string: "integer"$/),
  ],
  [
    'a string that does not match',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: [1], interval: 'often' } }),
    invalid('spec.interval', /^"often": spec.interval in body should match '\^\(\[0-9\]/),
  ],
  [
    'a string that is none of those there are',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: [1], freightCreationPolicy: 'x' } }),
    {
      reason: 'FieldValueNotSupported',
      field: 'spec.freightCreationPolicy',
      message: 'Unsupported value: "x": supported values: "Automatic", "Manual"',
    },
  ],
  [
    'a Promotion without stage',
    `${IN_NAMESPACE}/promotions`,
    promotion({ freight: 'f', steps: [step] }),
    required('spec.stage'),
  ],
  [
    'a Promotion without freight',
    `${IN_NAMESPACE}/promotions`,
    promotion({ stage: 's', steps: [step] }),
    invalid('spec', /^exactly one of freight or origin must be set$/),
  ],
  [
    'a Promotion step without uses',
    `${IN_NAMESPACE}/promotions`,
    promotion({ stage: 's', freight: 'f', steps: [{ as: 'x' }] }),
    invalid('spec.steps[0]', /^Promotion step must have uses set and must not reference a task$/),
  ],
  [
    'a receiver without name',
    `${IN_NAMESPACE}/projectconfigs`,
    kargoObject('ProjectConfig', 'p', { spec: { webhookReceivers: [{}] } }),
    required('spec.webhookReceivers[0].name'),
  ],
  [
    'a receiver without secret',
    `${KARGO}/clusterconfigs`,
    kargoObject('ClusterConfig', 'p', { spec: { webhookReceivers: [{ name: 'a', bitbucket: {} }] } }),
    required('spec.webhookReceivers[0].bitbucket.secretRef'),
  ],
  [
    'a Stage without freight',
    `${IN_NAMESPACE}/stages`,
    kargoObject('Stage', 's', { spec: {} }),
    required('spec.requestedFreight'),
  ],
  [
    'a Namespace with a dot',
    '/api/v1/namespaces',
    namespace('a.b'),
    invalid('metadata.name', /^"a.b": must not contain dots$/),
  ],
  [
    'a Secret key',
    SECRETS,
    secret('s', { stringData: { 'a b': 'c' } }),
    invalid('data[a b]', /^"a b": a valid config key must/),
  ],
];

function promotion(spec: object): object {
  return kargoObject('Promotion', 'p', { spec });
}

function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export const validating: ContractCase[] = [
  ...OBJECTS.map(([name, path, object, cause]) => ({
    name,
    steps: [{ send: post(path, object), expect: refused(cause) }],
  })),
  {
    name: 'one fault is told in one line, several in a list',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { spec: {} })),
        expect: {
          code: 422,
          body: {
            message: 'Warehouse.kargo.akuity.io "w" is invalid: spec.subscriptions: Required value',
            details: { name: 'w', group: 'kargo.akuity.io', kind: 'Warehouse' },
          },
        },
      },
      {
        send: post(WAREHOUSES, warehouse('w', { spec: { subscriptions: [], interval: 'x' } })),
        expect: {
          code: 422,
          body: {
            message: expect.stringMatching(/^Warehouse.kargo.akuity.io "w" is invalid: \[spec.+, spec.+\]$/),
          },
        },
      },
    ],
  },
  {
    name: 'fields that are not of the kind, where the client wants to know',
    steps: [
      {
        send: post(
          `${WAREHOUSES}?fieldValidation=Strict`,
          warehouse('w', { bogus: 1, metadata: { bogus: 1 } }),
        ),
        expect: {
          code: 400,
          body: {
            reason: 'BadRequest',
            message:
              'Warehouse in version "v1alpha1" cannot be handled as a Warehouse: strict decoding error: ' +
              'unknown field "metadata.bogus", unknown field "bogus"',
          },
        },
      },
    ],
  },
];
