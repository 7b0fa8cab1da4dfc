import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import { patches } from './patch-cases.ts';
import { failure, MERGE_PATCH, patch, versionOf, WAREHOUSES } from './requests.ts';

export const patching: ContractCase[] = [
  {
    name: 'a merge patch sets, replaces and removes',
    steps: patches(
      MERGE_PATCH,
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
      [{}, { code: 200, body: { metadata: { annotations: { b: '2' } } } }],
      [{ metadata: { annotations: null } }, { code: 200, absent: ['metadata.annotations'] }],
    ),
  },
  {
    name: 'a merge patch that changes nothing writes nothing',
    steps: [
      ...patches(MERGE_PATCH, [{ metadata: { annotations: { a: '1' } } }, { code: 200 }]),
      {
        send: (answers) =>
          patch(`${WAREHOUSES}/w`, {
            metadata: { resourceVersion: versionOf(answers[0]), labels: { c: 'd' } },
          }),
        expect: { code: 200 },
      },
    ],
  },
  {
    name: 'a merge patch of an old version, and of the latest',
    steps: [
      ...patches(MERGE_PATCH, [{ metadata: { annotations: { a: '3' } } }, { code: 200 }]),
      {
        send: (answers) =>
          patch(`${WAREHOUSES}/w`, {
            metadata: { resourceVersion: versionOf(answers[0]), annotations: { a: '4' } },
          }),
        expect: failure(
          409,
          'Conflict',
          expect.stringMatching(
            /^Operation cannot be fulfilled on warehouses.* "w": the object has been modified; /,
          ),
        ),
      },
      {
        send: (answers) =>
          patch(`${WAREHOUSES}/w`, {
            metadata: { resourceVersion: versionOf(answers[1]), annotations: { a: '4' } },
          }),
        expect: { code: 200, body: { metadata: { annotations: { a: '4' } } } },
      },
    ],
  },
  {
    name: 'a merge patch that makes no valid object',
    steps: patches(
      MERGE_PATCH,
      [
        { spec: { interval: 'x' } },
        {
          code: 422,
          body: {
            reason: 'Invalid',
            message: expect.stringMatching(/^Warehouse.kargo.akuity.io "w" is invalid: spec.interval: /),
          },
        },
      ],
      [
        { spec: null },
        { code: 422, body: { message: 'Warehouse.kargo.akuity.io "w" is invalid: spec: Required value' } },
      ],
      [
        { kind: 'Stage' },
        {
          code: 422,
          body: {
            message: 'Stage.kargo.akuity.io "w" is invalid: kind: Invalid value: "Stage": must be Warehouse',
          },
        },
      ],
      [
        { metadata: { annotations: { a: 1 } } },
        {
          code: 422,
          body: {
            reason: 'Invalid',
            message: expect.stringMatching(
              /: json: cannot unmarshal number into Go struct field ObjectMeta.annotations of type string$/,
            ),
            details: { causes: [{ field: 'patch', reason: 'FieldValueInvalid' }] },
          },
        },
      ],
      [
        { metadata: { uid: 'other' } },
        failure(
          422,
          'Invalid',
          'Warehouse.kargo.akuity.io "w" is invalid: metadata.uid: Invalid value: "other": field is immutable',
        ),
      ],
      [
        { metadata: { name: 'v' } },
        failure(400, 'BadRequest', 'the name of the object (v) does not match the name on the URL (w)'),
      ],
      [
        { metadata: null },
        failure(
          400,
          'BadRequest',
          'the name of the object (w based on URL) was undeterminable: name must be provided',
        ),
      ],
    ),
  },
  {
    name: 'what is no merge patch',
    steps: patches(
      MERGE_PATCH,
      ['{', failure(400, 'BadRequest', expect.stringMatching(/^error decoding patch: /))],
      ['', failure(400, 'BadRequest', expect.stringMatching(/^error decoding patch: /))],
      [
        [1],
        failure(
          400,
          'BadRequest',
          expect.stringMatching(/^error decoding patch: json: cannot unmarshal array/),
        ),
      ],
    ),
  },
  {
    name: 'a merge patch of what is not there',
    steps: [
      {
        send: patch(`${WAREHOUSES}/w`, '{'),
        expect: failure(404, 'NotFound', 'warehouses.kargo.akuity.io "w" not found'),
      },
    ],
  },
];
