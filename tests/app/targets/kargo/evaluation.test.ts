import { describe, expect, test } from '@jest/globals';
import { Evaluation } from '../../../../lib/app/targets/kargo/evaluation.ts';
import type { ClusterObject } from '../../../../lib/app/ports.ts';
import type { PushEvent } from '../../../../lib/core/bitbucket/event.ts';

const event: PushEvent = {
  kind: 'push',
  addresses: ['bitbucket.org/acme/shop'],
  refs: [{ kind: 'tag', name: 'v1' }],
};

/** A Warehouse whose verdict takes two steps for each pattern, and one more. */
const warehouse = (namespace: string, name: string, patterns: number): ClusterObject => ({
  namespace,
  name,
  uid: name,
  content: {
    spec: {
      subscriptions: [
        {
          git: {
            repoURL: 'https://bitbucket.org/acme/shop',
            commitSelectionStrategy: 'NewestTag',
            // The last one matches.
            allowTagsRegexes: Array.from({ length: patterns }, (_none, index) =>
              index === patterns - 1 ? 'v' : 'w',
            ),
          },
        },
      ],
    },
  },
});
const hostile = (namespace: string, name = 'hostile') => warehouse(namespace, name, 50);
const cheap = (namespace: string, name: string) => warehouse(namespace, name, 0);

/** An evaluation with a fake clock, on which each step takes this long and each pause an hour. */
class FakeEvaluation {
  pauses = 0;
  readonly #settled: string[] = [];
  readonly #verdicts: Promise<unknown>[] = [];
  #evaluation!: Evaluation;
  #nowMs = 0;
  #timeMs = 0;

  static async of(stepMs: number, signal?: AbortSignal, timeForStepMs = 0): Promise<FakeEvaluation> {
    const fake = new FakeEvaluation();
    fake.#evaluation = await Evaluation.of(event, {
      timeMs: () => (fake.#timeMs += timeForStepMs),
      nowMs: () => (fake.#nowMs += stepMs),
      pause: () => {
        fake.pauses += 1;
        fake.#nowMs += 3_600_000;
        return Promise.resolve();
      },
      ...(signal === undefined ? {} : { signal }),
    });
    return fake;
  }

  judge(object: ClusterObject): void {
    const verdict = this.#evaluation.judge(object);
    const settle = (text: string): void =>
      void this.#settled.push(`${object.namespace}/${object.name} ${text}`);
    if (verdict instanceof Promise) {
      const settled = verdict.then(
        (result) => settle(result.kind === 'broken' ? result.reason : result.kind),
        (error: unknown) => settle(String(error)),
      );
      this.#verdicts.push(settled);
    } else settle(`${verdict.kind}, at once`);
  }

  /** Waits for all verdicts and returns them in the order in which they were settled. */
  async finish(): Promise<readonly string[]> {
    await Promise.all(this.#verdicts);
    return this.#settled;
  }
}

describe('a verdict is returned at once', () => {
  test('where nothing is compiled, however much was done before', async () => {
    const evaluation = await FakeEvaluation.of(1);
    for (let index = 0; index < 100; index += 1) evaluation.judge(cheap('demo', `w${index}`));
    expect(await evaluation.finish()).toEqual(
      Array.from({ length: 100 }, (_none, index) => `demo/w${index} affected, at once`),
    );
    expect(evaluation.pauses).toBe(0);
  });

  test('where its work ends in the current slice', async () => {
    const evaluation = await FakeEvaluation.of(1);
    evaluation.judge(warehouse('demo', 'small', 4));
    expect(await evaluation.finish()).toEqual(['demo/small affected, at once']);
    expect(evaluation.pauses).toBe(0);
  });
});

describe('the budget of a Warehouse', () => {
  test('ends an evaluation of more than 100 ms, in slices of 10 ms', async () => {
    const evaluation = await FakeEvaluation.of(2);
    evaluation.judge(hostile('demo'));
    expect(await evaluation.finish()).toEqual(['demo/hostile evaluating its tag patterns exceeded 100 ms']);
    expect(evaluation.pauses).toBe(10);
  });

  test('does not end one of 80 ms, however long the pauses in it are', async () => {
    const evaluation = await FakeEvaluation.of(1);
    evaluation.judge(warehouse('demo', 'large', 40));
    expect(await evaluation.finish()).toEqual(['demo/large affected']);
    expect(evaluation.pauses).toBeGreaterThan(7);
  });

  test('does not end one of few steps, however slow the machine is', async () => {
    const evaluation = await FakeEvaluation.of(60_000);
    evaluation.judge(warehouse('demo', 'few', 1));
    evaluation.judge(warehouse('demo', 'more', 2));
    expect(await evaluation.finish()).toEqual([
      'demo/few affected',
      'demo/more evaluating its tag patterns exceeded 100 ms',
    ]);
  });
});

test('refreshes what is not judged in time where the CPU is too slow for the budgets', async () => {
  const evaluation = await FakeEvaluation.of(1, undefined, 200);
  evaluation.judge(hostile('demo'));
  expect(await evaluation.finish()).toEqual(['demo/hostile affected']);
});

test('the time for listing objects between verdicts does not count', async () => {
  let timeMs = 0;
  const evaluation = await Evaluation.of(event, { nowMs: () => 0, timeMs: () => timeMs });
  expect(evaluation.judge(warehouse('demo', 'first', 4))).toEqual({ kind: 'affected' });
  timeMs = 10_000;
  expect(evaluation.judge(warehouse('demo', 'second', 4))).toEqual({ kind: 'affected' });
});

describe('the budget of a project', () => {
  test('is used up by many hostile Warehouses, and others of the project and of other projects are judged', async () => {
    const evaluation = await FakeEvaluation.of(2);
    for (let index = 0; index < 30; index += 1) evaluation.judge(hostile('zoo', `hostile-${index}`));
    for (const project of ['demo', 'zoo']) evaluation.judge(cheap(project, 'cheap'));
    for (const project of ['demo', 'shop', 'zoo']) evaluation.judge(warehouse(project, 'healthy', 4));
    const settled = await evaluation.finish();
    const broken = settled.filter((line) => line.startsWith('zoo/hostile'));
    expect(broken).toHaveLength(30);
    expect(broken).toContain('zoo/hostile-29 evaluating the tag patterns of its project exceeded 1000 ms');
    expect(settled.filter((line) => !broken.includes(line))).toEqual([
      'demo/cheap affected, at once',
      'zoo/cheap affected, at once',
      'demo/healthy affected',
      'shop/healthy affected',
      'zoo/healthy affected',
    ]);
    expect(settled.indexOf('shop/healthy affected')).toBeLessThan(settled.indexOf(broken[0] ?? ''));
  });
});

describe('the budget of a delivery', () => {
  test('is used up by many hostile projects, after the others were judged', async () => {
    const evaluation = await FakeEvaluation.of(2);
    const projects = ['a', 'b', 'c', 'd', 'e'];
    for (const project of projects) {
      for (let index = 0; index < 30; index += 1) evaluation.judge(hostile(project, `hostile-${index}`));
    }
    evaluation.judge(warehouse('f', 'healthy', 20));
    const settled = await evaluation.finish();
    expect(settled[0]).toBe('f/healthy affected');
    expect(settled.slice(1).filter((line) => !/exceeded \d+ ms$| affected$/.test(line))).toEqual([]);
    expect(settled.at(-1)).toMatch(/^[a-e]\/hostile-\d+ affected$/);
  });

  test('ends with its signal, with a retryable error', async () => {
    const evaluation = await FakeEvaluation.of(2, AbortSignal.abort());
    for (const object of [hostile('demo'), cheap('demo', 'cheap'), hostile('zoo')]) evaluation.judge(object);
    expect(await evaluation.finish()).toEqual([
      'demo/cheap affected, at once',
      'demo/hostile RetryableError: timed out',
      'zoo/hostile RetryableError: timed out',
    ]);
  });
});

test('a cheap verdict does not wait for an earlier expensive one', async () => {
  const evaluation = await FakeEvaluation.of(2);
  for (const object of [hostile('demo'), warehouse('demo', 'small', 4), warehouse('zoo', 'small', 4)]) {
    evaluation.judge(object);
  }
  expect(await evaluation.finish()).toEqual([
    'zoo/small affected',
    'demo/small affected',
    'demo/hostile evaluating its tag patterns exceeded 100 ms',
  ]);
});

test('an evaluation that has ended starts again for later objects', async () => {
  const evaluation = await FakeEvaluation.of(2);
  evaluation.judge(warehouse('demo', 'first', 20));
  expect(await evaluation.finish()).toEqual(['demo/first affected']);
  evaluation.judge(warehouse('demo', 'second', 20));
  expect(await evaluation.finish()).toEqual(['demo/first affected', 'demo/second affected']);
});

test('a pull request is judged at once', async () => {
  const closed = { kind: 'pull-request-closed', url: 'u' } as const;
  const promotion = { namespace: 'demo', name: 'p', uid: 'p', content: { status: { phase: 'Succeeded' } } };
  const evaluation = await Evaluation.of(closed);
  expect(evaluation.judge(promotion)).toMatchObject({ kind: 'unaffected' });
});
