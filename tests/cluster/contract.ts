import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { callApi, type ApiAnswer, type ApiTarget } from './api-client.ts';
import type { Ability, ContractCase } from './contract/contract-case.ts';
import { creating } from './contract/creating.ts';
import { deleting } from './contract/deleting.ts';
import { discovering } from './contract/discovering.ts';
import { paging } from './contract/paging.ts';
import { patchingOtherwise } from './contract/patching-otherwise.ts';
import { patching } from './contract/patching.ts';
import { reading } from './contract/reading.ts';
import { refusing } from './contract/refusing.ts';
import { replacing } from './contract/replacing.ts';
import { selecting } from './contract/selecting.ts';
import { status } from './contract/status.ts';
import { validatingMetadata } from './contract/validating-metadata.ts';
import { validatingStatus } from './contract/validating-status.ts';
import { validating } from './contract/validating.ts';
import { WITHOUT_WEBHOOKS } from './kargo-webhooks/registration.ts';

const SUBJECTS = {
  creating,
  'validating metadata': validatingMetadata,
  validating,
  'validating status': validatingStatus,
  reading,
  paging,
  selecting,
  replacing,
  patching,
  'patching otherwise': patchingOtherwise,
  status,
  deleting,
  refusing,
  discovering,
};

/**
 * What the functions rely on in a cluster API, as tests. The fake and the real API server both have to pass them, so
 * that the one cannot drift from the other. Cases that need what the API `lacks` are skipped by name.
 */
export function describeContract(target: () => ApiTarget, { lacks = [] }: { lacks?: Ability[] } = {}): void {
  describe.each(Object.entries(SUBJECTS))('%s', (_subject, cases: ContractCase[]) => {
    for (const { name, needs, steps } of cases) {
      const isPossible = needs === undefined || !lacks.includes(needs);
      (isPossible ? test : test.skip)(isPossible ? name : `${name} (needs ${needs})`, async () => {
        for await (const { answer, expected, absent } of play(target(), steps)) {
          expect(answer).toMatchObject(expected);
          for (const path of absent) expect(answer.body).not.toHaveProperty(path);
        }
      });
    }
  });
}

/** Makes the exchanges one after the other, each when the one before was found right. */
async function* play(target: ApiTarget, steps: ContractCase['steps']): AsyncGenerator<Outcome> {
  const namespace = `contract-${randomBytes(4).toString('hex')}`;
  // The contract is the API's own, to which Kargo's webhooks add.
  const metadata = { name: namespace, labels: WITHOUT_WEBHOOKS };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata };
  await callApi(target, { method: 'POST', path: '/api/v1/namespaces', body: object });
  const answers: ApiAnswer[] = [];
  for (const { send, expect: expectation } of steps) {
    const request = typeof send === 'function' ? send(answers) : send;
    const answer = await callApi(target, inNamespace(namespace, request));
    answers.push(answer);
    const { absent = [], type = 'application/json', ...expected } = inNamespace(namespace, expectation);
    yield {
      answer: { ...answer, type: answer.headers['content-type'] },
      expected: { ...expected, type },
      absent,
    };
  }
}

interface Outcome {
  answer: ApiAnswer & { type: string | undefined };
  expected: object;
  absent: string[];
}

/** Puts the namespace into every string of a value; what is no plain object, as jest's matchers, stays what it is. */
function inNamespace<T>(namespace: string, value: T): T {
  const put = (one: unknown): unknown => {
    if (typeof one === 'string') return one.replaceAll('{namespace}', namespace);
    if (Array.isArray(one)) return one.map(put);
    if (typeof one !== 'object' || one === null || Object.getPrototypeOf(one) !== Object.prototype)
      return one;
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, put(inner)]));
  };
  return put(value) as T;
}
