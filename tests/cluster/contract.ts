import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { types } from 'node:util';
import { callApi, type ApiAnswer, type ApiTarget } from './api-client.ts';
import { deleting, patching } from './contract/changing.ts';
import type { ContractCase } from './contract/contract-case.ts';
import { creating } from './contract/creating.ts';
import { reading } from './contract/reading.ts';
import { representing } from './contract/representing.ts';
import { status } from './contract/status.ts';
import { validating } from './contract/validating.ts';
import { WITHOUT_WEBHOOKS } from './kargo-webhooks/registration.ts';

/**
 * Declares the contract tests: the behaviour of the Kubernetes API that the functions and the tests rely on. The fake and a real
 * API server must both pass them, so that the fake stays faithful.
 */
export function describeContract(target: () => ApiTarget): void {
  describe.each(Object.entries({ reading, representing, creating, patching, status, deleting, validating }))(
    '%s',
    (_subject, cases) => {
      test.each(cases)('$name', async ({ steps }) => {
        for await (const { answer, expected, absent } of play(target(), steps)) {
          expect(answer).toMatchObject(expected);
          for (const path of absent) expect(answer.body).not.toHaveProperty(path);
        }
      });
    },
  );
}

interface Exchange {
  readonly answer: ApiAnswer & { readonly type: string | undefined };
  readonly expected: object;
  readonly absent: readonly string[];
}

/** Sends the requests one after the other, each after the answer to the one before was checked. */
async function* play(target: ApiTarget, steps: ContractCase['steps']): AsyncGenerator<Exchange> {
  const namespace = `contract-${randomBytes(4).toString('hex')}`;
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: WITHOUT_WEBHOOKS },
  };
  await callApi(target, { method: 'POST', path: '/api/v1/namespaces', body: object });
  const answers: ApiAnswer[] = [];
  for (const { send, expect: expectation } of steps) {
    const request = typeof send === 'function' ? send(answers) : send;
    const answer = await callApi(target, fillIn(namespace, request));
    answers.push(answer);
    const { absent = [], type = 'application/json', ...expected } = fillIn(namespace, expectation);
    const typed = { ...answer, type: answer.headers['content-type'] };
    yield { answer: typed, expected: { ...expected, type }, absent };
  }
}

/** Replaces `{namespace}` in every string of a value, including those inside jest's asymmetric matchers. */
function fillIn<T>(namespace: string, value: T): T {
  const fill = (one: unknown): unknown => {
    if (typeof one === 'string') return one.replaceAll('{namespace}', namespace);
    if (Array.isArray(one)) return one.map(fill);
    if (typeof one !== 'object' || one === null || types.isRegExp(one)) return one;
    const filled = Object.entries(one).map(([name, inner]) => [name, fill(inner)]);
    return Object.assign(Object.create(Object.getPrototypeOf(one)), Object.fromEntries(filled));
  };
  return fill(value) as T;
}
