import { expect } from '@jest/globals';
import {
  CONFIGS,
  created,
  failure,
  KARGO,
  kargoObject,
  patch,
  post,
  PROMOTIONS,
  SECRETS,
  warehouse,
  WAREHOUSES,
  type ContractCase,
  type Expected,
} from './contract-case.ts';

/** Returns the response to an object that breaks a rule; `cause` is one of its faults. */
function invalid(reason: string, field: string): Expected {
  const cause = expect.objectContaining({ reason, field });
  return { code: 422, body: { reason: 'Invalid', details: { causes: expect.arrayContaining([cause]) } } };
}

const SPEC = { subscriptions: [1] };
const STEP = { uses: 'git-wait-for-pr', as: 'wait' };

const OBJECTS: [name: string, path: string, object: object, reason: string, field: string][] = [
  ['a Warehouse without a spec', WAREHOUSES, kargoObject('Warehouse', 'w'), 'FieldValueRequired', 'spec'],
  [
    'a Warehouse without subscriptions',
    WAREHOUSES,
    warehouse('w', { spec: {} }),
    'FieldValueRequired',
    'spec.subscriptions',
  ],
  [
    'null in a required field',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: null } }),
    'FieldValueRequired',
    'spec.subscriptions',
  ],
  [
    'a Warehouse with an empty list of subscriptions',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: [] } }),
    'FieldValueInvalid',
    'spec.subscriptions',
  ],
  [
    'a string for an array',
    WAREHOUSES,
    warehouse('w', { spec: { subscriptions: 'a' } }),
    'FieldValueTypeInvalid',
    'spec.subscriptions',
  ],
  [
    'a number for a string',
    WAREHOUSES,
    warehouse('w', { spec: { ...SPEC, shard: 1 } }),
    'FieldValueTypeInvalid',
    'spec.shard',
  ],
  [
    'a string that does not match its pattern',
    WAREHOUSES,
    warehouse('w', { spec: { ...SPEC, interval: 'often' } }),
    'FieldValueInvalid',
    'spec.interval',
  ],
  [
    'a string that is not one of the allowed ones',
    WAREHOUSES,
    warehouse('w', { spec: { ...SPEC, freightCreationPolicy: 'x' } }),
    'FieldValueNotSupported',
    'spec.freightCreationPolicy',
  ],
  ['a name in capitals', WAREHOUSES, warehouse('A'), 'FieldValueInvalid', 'metadata.name'],
  [
    'a Promotion without a stage',
    PROMOTIONS,
    kargoObject('Promotion', 'p', { spec: { freight: 'f', steps: [STEP] } }),
    'FieldValueRequired',
    'spec.stage',
  ],
  [
    'a receiver without a name',
    CONFIGS,
    kargoObject('ProjectConfig', 'p', { spec: { webhookReceivers: [{}] } }),
    'FieldValueRequired',
    'spec.webhookReceivers[0].name',
  ],
  [
    'a receiver without a secret',
    `${KARGO}/clusterconfigs`,
    kargoObject('ClusterConfig', 'p', { spec: { webhookReceivers: [{ name: 'a', bitbucket: {} }] } }),
    'FieldValueRequired',
    'spec.webhookReceivers[0].bitbucket.secretRef',
  ],
];

const CONDITION = {
  type: 'Ready',
  status: 'True',
  reason: 'Fine',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00.5+01:00',
};

const STATUSES: [name: string, conditions: object[], expected: Expected][] = [
  ['accepts a valid condition', [CONDITION], { code: 200, body: { status: { conditions: [CONDITION] } } }],
  [
    'rejects a condition without a reason',
    [{ ...CONDITION, reason: undefined }],
    invalid('FieldValueRequired', 'status.conditions[0].reason'),
  ],
  [
    'rejects a condition with an empty reason',
    [{ ...CONDITION, reason: '' }],
    invalid('FieldValueInvalid', 'status.conditions[0].reason'),
  ],
  [
    'rejects a condition whose time is not RFC 3339',
    [{ ...CONDITION, lastTransitionTime: 'now' }],
    failure(422, 'Invalid'),
  ],
  [
    'rejects two conditions of the same type',
    [CONDITION, { ...CONDITION, status: 'False' }],
    failure(422, 'Invalid'),
  ],
  [
    'rejects a condition message over 32,768 characters',
    [{ ...CONDITION, message: 'x'.repeat(32_769) }],
    failure(422, 'Invalid'),
  ],
];

export const validating: readonly ContractCase[] = [
  ...OBJECTS.map(([name, path, object, reason, field]) => ({
    name: `rejects ${name}`,
    steps: [{ send: post(path, object), expect: invalid(reason, field) }],
  })),
  ...STATUSES.map(([name, conditions, expected]) => ({
    name,
    steps: [
      created(WAREHOUSES, warehouse('w')),
      { send: patch(`${WAREHOUSES}/w/status`, { status: { conditions } }), expect: expected },
    ],
  })),
  {
    name: 'lists every fault of an object in the message',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { spec: { subscriptions: [], interval: 'x' } })),
        expect: failure(
          422,
          'Invalid',
          expect.stringMatching(/^Warehouse.kargo.akuity.io "w" is invalid: \[spec.+, spec.+\]$/),
        ),
      },
    ],
  },
  {
    name: 'rejects a body that is not a JSON object',
    steps: ['{', '', [1], 'null', { ...warehouse('w'), kind: undefined }].map((body) => ({
      send: post(WAREHOUSES, body),
      expect: failure(400, 'BadRequest'),
    })),
  },
  {
    name: 'rejects a body of an unknown media type',
    steps: ['text/plain', 'application/merge-patch+json'].map((contentType) => ({
      send: post(WAREHOUSES, warehouse('w'), contentType),
      expect: failure(415, 'UnsupportedMediaType'),
    })),
  },
  {
    name: 'rejects methods that a path does not have',
    steps: [
      {
        send: { method: 'DELETE', path: '/api/v1/namespaces' },
        expect: failure(405, 'MethodNotAllowed'),
      },
      { send: { method: 'PATCH', path: SECRETS, body: {} }, expect: failure(405, 'MethodNotAllowed') },
      {
        send: { method: 'DELETE', path: `${WAREHOUSES}/w/status` },
        expect: failure(405, 'MethodNotAllowed'),
      },
    ],
  },
];
