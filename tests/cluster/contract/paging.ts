import { expect } from '@jest/globals';
import type { ApiAnswer, ApiRequest } from '../api-client.ts';
import type { ContractCase, Step } from './contract-case.ts';
import { created, failure, WAREHOUSES, warehouse } from './requests.ts';

function named(...names: string[]): object {
  return { items: names.map((name) => ({ metadata: { name } })) };
}

/** The page after the last answer's. */
function nextPage(answers: ApiAnswer[]): ApiRequest {
  const token = encodeURIComponent(answers.at(-1)?.body.metadata.continue ?? '');
  return { path: `${WAREHOUSES}?limit=2&continue=${token}` };
}

function encoded(position: object): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function refused(query: string, message: RegExp): Step {
  return {
    send: { path: `${WAREHOUSES}?${query}` },
    expect: failure(400, 'BadRequest', expect.stringMatching(message)),
  };
}

export const paging: ContractCase[] = [
  {
    name: 'a list in pages, each telling how much is left',
    steps: [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => created(WAREHOUSES, warehouse(name))),
      {
        send: { path: `${WAREHOUSES}?limit=2` },
        expect: {
          code: 200,
          body: { ...named('a', 'b'), metadata: { continue: expect.any(String), remainingItemCount: 3 } },
        },
      },
      {
        send: nextPage,
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
    ],
  },
  {
    name: 'pages show what there was at the first of them',
    steps: [
      ...['a', 'b', 'c'].map((name) => created(WAREHOUSES, warehouse(name))),
      { send: { path: `${WAREHOUSES}?limit=2` }, expect: { code: 200, body: named('a', 'b') } },
      created(WAREHOUSES, warehouse('bb')),
      { send: { method: 'DELETE', path: `${WAREHOUSES}/c` }, expect: { code: 200 } },
      {
        send: (answers) => nextPage(answers.slice(0, 4)),
        expect: { code: 200, body: { ...named('c'), metadata: { continue: '' } } },
      },
      { send: { path: WAREHOUSES }, expect: { code: 200, body: named('a', 'b', 'bb') } },
    ],
  },
  {
    name: 'a limit that is not reached, and none',
    steps: [
      created(WAREHOUSES, warehouse('a')),
      {
        send: { path: `${WAREHOUSES}?limit=1` },
        expect: { code: 200, body: { ...named('a'), metadata: { continue: '' } } },
      },
      {
        send: { path: `${WAREHOUSES}?limit=0` },
        expect: { code: 200, body: { ...named('a'), metadata: { continue: '' } } },
      },
      { send: { path: `${WAREHOUSES}?limit=-1` }, expect: { code: 200, body: named('a') } },
    ],
  },
  {
    name: 'nothing is counted where labels are asked for',
    steps: [
      ...['a', 'b', 'c'].map((name) =>
        created(WAREHOUSES, warehouse(name, { metadata: { labels: { a: 'b' } } })),
      ),
      {
        send: { path: `${WAREHOUSES}?limit=2&labelSelector=a` },
        expect: { code: 200, body: named('a', 'b'), absent: ['metadata.remainingItemCount'] },
      },
    ],
  },
  {
    name: 'what is no limit and no token',
    steps: [
      refused('limit=two', /^strconv.ParseInt: parsing "two": invalid syntax$/),
      refused('limit=2&continue=garbage', /^invalid continue token: continue key is not valid: /),
      refused(
        `limit=2&continue=${encoded({ rv: 1, start: 'a' })}`,
        /^invalid continue token: continue key is not valid: server does not recognize this encoded version/,
      ),
    ],
  },
];
