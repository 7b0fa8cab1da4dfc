import { expect } from '@jest/globals';
import type { ContractCase } from './contract-case.ts';
import { patches } from './patch-cases.ts';
import {
  created,
  failure,
  JSON_PATCH,
  patch,
  secret,
  SECRETS,
  STRATEGIC_MERGE_PATCH,
  WAREHOUSES,
} from './requests.ts';

const ACCEPTED = 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
const REJECTED = failure(422, 'Invalid', 'the server rejected our request due to an error in our request');

/** Patches of other media types than that of a merge patch. */
export const patchingOtherwise: ContractCase[] = [
  {
    name: 'a JSON patch',
    steps: patches(
      JSON_PATCH,
      [
        [
          { op: 'test', path: '/metadata/annotations/a', value: '1' },
          { op: 'copy', from: '/metadata/annotations/a', path: '/metadata/annotations/c~1d' },
          { op: 'move', from: '/metadata/annotations/b', path: '/metadata/annotations/e' },
          { op: 'replace', path: '/metadata/annotations/a', value: '3' },
          { op: 'add', path: '/spec/subscriptions/-', value: 'last' },
          { op: 'add', path: '/spec/subscriptions/0', value: 'first' },
          { op: 'remove', path: '/spec/subscriptions/1' },
        ],
        {
          code: 200,
          body: {
            metadata: { annotations: { a: '3', 'c/d': '1', e: '2' } },
            spec: { subscriptions: ['first', 'last'] },
          },
          absent: ['metadata.annotations.b'],
        },
      ],
      [[{ op: 'test', path: '/metadata/annotations/a', value: '1' }], REJECTED],
      [[{ op: 'remove', path: '/metadata/annotations/none' }], REJECTED],
      [[{ op: 'add', path: '/spec/subscriptions/9', value: 1 }], REJECTED],
      [[{ op: 'upsert', path: '/metadata/annotations/a' }], REJECTED],
      [
        { op: 'add' },
        failure(
          400,
          'BadRequest',
          expect.stringMatching(/^error decoding patch: json: cannot unmarshal object/),
        ),
      ],
    ),
  },
  {
    name: 'other media types',
    steps: [
      ...patches('application/json', [
        {},
        failure(
          415,
          'UnsupportedMediaType',
          `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`,
        ),
      ]),
      {
        send: patch(`${WAREHOUSES}/w`, {}, STRATEGIC_MERGE_PATCH),
        expect: failure(
          415,
          'UnsupportedMediaType',
          `the body of the request was in an unknown format - accepted media types include: ${ACCEPTED}`,
        ),
      },
      created(SECRETS, secret('s', { stringData: { a: 'b' } })),
      {
        send: patch(`${SECRETS}/s`, {}, 'application/json'),
        expect: failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type'),
      },
    ],
  },
  {
    name: 'a Secret',
    steps: [
      created(SECRETS, secret('s', { stringData: { a: 'b', c: 'd' } })),
      {
        send: patch(`${SECRETS}/s`, { data: { c: null }, stringData: { a: 'new' } }, STRATEGIC_MERGE_PATCH),
        expect: { code: 200, body: { data: { a: 'bmV3' } }, absent: ['data.c', 'stringData'] },
      },
      {
        send: patch(`${SECRETS}/s`, { type: 'x/y' }),
        expect: failure(
          422,
          'Invalid',
          'Secret "s" is invalid: type: Invalid value: "x/y": field is immutable',
        ),
      },
    ],
  },
];
