import { threadCpuUsage } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { BitbucketEvent } from '../../../core/bitbucket/event.ts';
import { judgeObject, prepareJudging } from '../../../core/kargo/affected-objects.ts';
import { AFFECTED, type Verdict } from '../../../core/kargo/verdict.ts';
import { RetryableError } from '../../errors.ts';
import type { ClusterObject } from '../../ports.ts';

/** Work between two pauses. Short enough that requests to the cluster do not wait noticeably for it. */
const SLICE_MS = 10;

/**
 * A pause. A request to the cluster takes several turns of the event loop, so one turn between slices would stretch it to several slices;
 * in this time it is sent and usually answered.
 */
const PAUSE_MS = 5;

/** Many times what hand-written patterns need: a dozen takes about 1 ms. */
const WAREHOUSE_BUDGET_MS = 100;

/** All Warehouses of a project in one delivery: a thousand with ordinary patterns, or ten that use up their own budget. */
const PROJECT_BUDGET_MS = 1_000;

/** All projects of a delivery, so that it is answered in time however many use up their budget. */
const DELIVERY_BUDGET_MS = 3_000;

/**
 * Limit of what one step is charged. The slowest known step takes 50 ms; longer times have other causes, such as garbage collection, and
 * must not use up the budget of a Warehouse with few patterns.
 */
const MAX_STEP_MS = 50;

/**
 * Time in which verdicts may wait, pauses included, where the CPU is shared or slow: part of the eight seconds is left for the refreshes.
 * The time for listing the objects does not count.
 */
const DELIVERY_TIMEOUT_MS = 4_000;

export interface EvaluationDeps {
  /** CPU time that this thread has used, in milliseconds. Time in which the machine does other work does not count. */
  readonly nowMs: () => number;
  /** Time of a clock that never goes back, in milliseconds. */
  readonly timeMs: () => number;
  /** Lets other work run, and resolves afterwards. */
  readonly pause: () => Promise<void>;
  /** Ends the evaluation with the delivery. */
  readonly signal?: AbortSignal;
}

const EVENT_LOOP: EvaluationDeps = {
  nowMs: () => {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1000;
  },
  timeMs: () => performance.now(),
  pause: () => setTimeout(PAUSE_MS),
};

/** An object whose verdict needs more steps. */
interface Task {
  readonly project: string;
  readonly steps: Generator<void, Verdict>;
  readonly verdict: PromiseWithResolvers<Verdict>;
  usedMs: number;
}

/**
 * Decides which objects one delivery affects, so that no tenant's patterns delay or prevent the refreshes of others. Work is done in
 * slices with pauses between them. Where work is left after a slice, projects take turns, and in a project its Warehouses do; so cheap
 * verdicts do not wait for expensive ones. Warehouse and project have a budget of CPU time; beyond it a verdict is `broken`. Where that of the
 * delivery is used up, what is left counts as affected.
 *
 * @example
 * const evaluation = await Evaluation.of(event); // one for each delivery
 * const verdict = evaluation.judge(object);
 */
export class Evaluation {
  readonly #event: BitbucketEvent;
  readonly #deps: EvaluationDeps;
  /** By project. The first one has the next turn. */
  readonly #waiting = new Map<string, Task[]>();
  readonly #projectUsedMs = new Map<string, number>();
  #deliveryUsedMs = 0;
  #sliceUsedMs = 0;
  /** When the verdicts that wait now began to wait; undefined where none does. */
  #waitingSince: number | undefined;
  #waitedMs = 0;

  private constructor(event: BitbucketEvent, deps: Partial<EvaluationDeps>) {
    this.#event = event;
    this.#deps = { ...EVENT_LOOP, ...deps };
  }

  /** Creates the evaluation of an event, and loads what its verdicts need. */
  static async of(event: BitbucketEvent, deps: Partial<EvaluationDeps> = {}): Promise<Evaluation> {
    await prepareJudging(event);
    return new Evaluation(event, deps);
  }

  /**
   * Decides whether the event affects an object.
   *
   * @returns the verdict at once where it is cheap, and a promise where it needs more work than the current slice has room for. The promise
   *   does not keep the object in memory, and other objects can be judged before it settles
   * @throws {RetryableError} when the signal ends the evaluation
   */
  judge(object: ClusterObject): Verdict | Promise<Verdict> {
    const steps = judgeObject(this.#event, object.content);
    // Nothing expensive happens in the first step, and most objects need no other.
    const first = steps.next();
    if (first.done) return first.value;
    const task = { project: object.namespace, steps, verdict: Promise.withResolvers<Verdict>(), usedMs: 0 };
    const verdict = this.#advance(task);
    if (verdict !== undefined) return verdict;
    this.#enqueue(task);
    if (this.#waitingSince === undefined) void this.#run();
    return task.verdict.promise;
  }

  #enqueue(task: Task): void {
    const tasks = this.#waiting.get(task.project);
    if (tasks === undefined) this.#waiting.set(task.project, [task]);
    else tasks.push(task);
  }

  /** Takes steps until the slice is used up. Returns the verdict if there is one by then. */
  #advance(task: Task): Verdict | undefined {
    let startMs = this.#deps.nowMs();
    while (this.#sliceUsedMs < SLICE_MS) {
      const conclusion = this.#concludeByBudget(task);
      if (conclusion !== undefined) return conclusion;
      const step = task.steps.next();
      const endMs = this.#deps.nowMs();
      this.#charge(task, Math.min(endMs - startMs, MAX_STEP_MS));
      if (step.done) return step.value;
      startMs = endMs;
    }
    return undefined;
  }

  #charge(task: Task, usedMs: number): void {
    task.usedMs += usedMs;
    this.#sliceUsedMs += usedMs;
    this.#deliveryUsedMs += usedMs;
    this.#projectUsedMs.set(task.project, (this.#projectUsedMs.get(task.project) ?? 0) + usedMs);
  }

  /** Returns the verdict of a task that has no budget left, its own or that of all. */
  #concludeByBudget({ project, usedMs }: Task): Verdict | undefined {
    if (usedMs > WAREHOUSE_BUDGET_MS) {
      return { kind: 'broken', reason: `evaluating its tag patterns exceeded ${WAREHOUSE_BUDGET_MS} ms` };
    }
    if ((this.#projectUsedMs.get(project) ?? 0) > PROJECT_BUDGET_MS) {
      return {
        kind: 'broken',
        reason: `evaluating the tag patterns of its project exceeded ${PROJECT_BUDGET_MS} ms`,
      };
    }
    const isOver =
      this.#deliveryUsedMs > DELIVERY_BUDGET_MS || this.#waitedMs + this.#waitMs() > DELIVERY_TIMEOUT_MS;
    // It may not be its own fault: a refresh too many is harmless, and a missing one is not.
    return isOver ? AFFECTED : undefined;
  }

  #waitMs(): number {
    return this.#waitingSince === undefined ? 0 : this.#deps.timeMs() - this.#waitingSince;
  }

  /** Works until no task is left. An error of a step rejects the promise of its task alone. */
  async #run(): Promise<void> {
    this.#waitingSince = this.#deps.timeMs();
    for (;;) {
      if (this.#sliceUsedMs >= SLICE_MS) {
        await this.#deps.pause();
        this.#sliceUsedMs = 0;
      }
      if (this.#deps.signal?.aborted) this.#rejectAll(this.#deps.signal.reason);
      const [next] = this.#waiting;
      if (next === undefined) break;
      const [project, tasks] = next;
      this.#waiting.delete(project);
      this.#takeTurn(tasks);
      if (tasks.length > 0) this.#waiting.set(project, tasks);
    }
    this.#waitedMs += this.#waitMs();
    this.#waitingSince = undefined;
  }

  /** Works on a project's tasks for one slice. A task that is not done waits behind the others. */
  #takeTurn(tasks: Task[]): void {
    while (this.#sliceUsedMs < SLICE_MS) {
      const task = tasks.shift();
      if (task === undefined) return;
      try {
        const verdict = this.#advance(task);
        if (verdict === undefined) tasks.push(task);
        else task.verdict.resolve(verdict);
      } catch (error) {
        task.verdict.reject(error);
      }
    }
  }

  #rejectAll(cause: unknown): void {
    for (const { verdict } of [...this.#waiting.values()].flat()) {
      verdict.reject(new RetryableError('timed out', { cause }));
    }
    this.#waiting.clear();
  }
}
