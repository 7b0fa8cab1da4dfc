import pLimit from 'p-limit';
import type { BitbucketEvent } from '../../../core/bitbucket/event.ts';
import { kindAffectedBy } from '../../../core/kargo/affected-objects.ts';
import { AFFECTED, type Affected, type RefreshKind, type Verdict } from '../../../core/kargo/verdict.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import { formatObjectName, parseObjectName, type ObjectName } from '../../../core/kargo/object-name.ts';
import type { Clock, EventCandidates, Log, RefreshableObjects } from '../../ports.ts';
import type { EventScope, Target, UnfinishedWork } from '../target.ts';
import { Evaluation } from './evaluation.ts';
import type { ChangedFiles } from './changed-files.ts';
import { DeliveryPaths } from './delivery-paths.ts';
import type { RecentRefreshes } from './recent-refreshes.ts';
import { UnaffectedObjects, type JudgedObject, type UnaffectedCounts } from './unaffected-objects.ts';

/** Concurrent refreshes of one delivery: enough to hide the latency of the cluster API, few enough to leave it room for others. */
const REFRESH_CONCURRENCY = 16;

/** Log lines about objects of one project in one delivery: one tenant's broken objects must not fill the log. */
const MAX_LOG_LINES_PER_PROJECT = 20;

export interface KargoTargetDeps {
  readonly candidates: EventCandidates;
  readonly objects: RefreshableObjects;
  readonly recent: RecentRefreshes;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined where path filters do not narrow what is refreshed. */
  readonly changedFiles?: ChangedFiles | undefined;
}

/** What a delivery did in Kargo. Objects are named `namespace/name`. */
export interface KargoResult extends UnfinishedWork {
  readonly target: 'kargo';
  readonly kind: RefreshKind;
  readonly refreshed: readonly string[];
  /** What the cluster refused for good: forbidden, denied by an admission webhook, or invalid. */
  readonly refused: readonly string[];
  /** Affected, but left out: their path filters match no changed file. Absent where there are none. */
  readonly leftOut?: readonly string[];
  /** Of the objects that were judged. */
  readonly unaffected: UnaffectedCounts;
}

/** Refreshes the Warehouses that a push affects, or the Promotions that wait for a closed pull request. */
export class KargoTarget implements Target {
  readonly name = 'kargo';
  readonly origins = ['project-receiver', 'cluster-receiver'] as const;
  readonly #deps: KargoTargetDeps;

  constructor(deps: KargoTargetDeps) {
    this.#deps = deps;
  }

  /** A project: a webhook of its namespace, for example, can fail for all its objects. */
  ownerOf(name: string): string {
    return parseObjectName(name).namespace;
  }

  /**
   * Refreshes every affected object of the scope. An object that cannot be judged or refreshed does not affect the others.
   */
  async handle(event: BitbucketEvent, scope: EventScope, signal: AbortSignal): Promise<KargoResult> {
    const kind = kindAffectedBy(event);
    const unaffected = new UnaffectedObjects(event, kind, this.#deps.log);
    const paths = this.#pathsOf(event, signal);
    const run = new RefreshRun(this.#deps, kind, scope, { unaffected, paths }, signal);
    if (scope.only === undefined) return this.#refreshAffected(run, unaffected, event, scope, signal);
    await Promise.all(scope.only.map((name) => run.act(parseObjectName(name), AFFECTED)));
    return run.result();
  }

  #pathsOf(event: BitbucketEvent, signal: AbortSignal): DeliveryPaths | undefined {
    const { changedFiles, log } = this.#deps;
    if (changedFiles === undefined || event.kind !== 'push') return undefined;
    return new DeliveryPaths(changedFiles, event, log, signal);
  }

  async #refreshAffected(
    run: RefreshRun,
    unaffected: UnaffectedObjects,
    event: BitbucketEvent,
    { project }: EventScope,
    signal: AbortSignal,
  ): Promise<KargoResult> {
    const evaluation = await Evaluation.of(event, { signal });
    const pending: Promise<void>[] = [];
    const act = (work: Promise<void>): void => {
      // It is awaited below, when the listing has ended.
      work.catch(() => undefined);
      pending.push(work);
    };
    let listingError: RetryableError | undefined;
    try {
      for await (const page of this.#deps.candidates.pages(event, project, signal)) {
        for (const object of page) {
          const verdict = evaluation.judge(object);
          // A verdict that takes longer does not delay the refreshes of other objects.
          if (verdict instanceof Promise) act(run.actLater(unaffected.withoutContent(object), verdict));
          else if (verdict.kind === 'unaffected') unaffected.add(object, verdict);
          else act(run.act(unaffected.withoutContent(object), verdict));
        }
      }
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      listingError = error;
    }
    await Promise.allSettled(pending);
    await Promise.all(pending);
    return run.result(listingError);
  }
}

/** How the objects of one delivery are judged, besides the verdict. */
interface Judging {
  readonly unaffected: UnaffectedObjects;
  readonly paths: DeliveryPaths | undefined;
}

/** The refreshes of one delivery, with their results. */
class RefreshRun {
  readonly #deps: KargoTargetDeps;
  readonly #kind: RefreshKind;
  readonly #scope: EventScope;
  readonly #signal: AbortSignal;
  readonly #at: Date;
  readonly #concurrently = pLimit(REFRESH_CONCURRENCY);
  readonly #refreshed: string[] = [];
  readonly #refused: string[] = [];
  readonly #failed: string[] = [];
  readonly #leftOut: string[] = [];
  readonly #unaffected: UnaffectedObjects;
  /** The longest wait that the cluster has asked for. */
  #retryAfterMs: number | undefined;
  readonly #paths: DeliveryPaths | undefined;
  readonly #linesOf = new Map<string, number>();

  constructor(
    deps: KargoTargetDeps,
    kind: RefreshKind,
    scope: EventScope,
    { unaffected, paths }: Judging,
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#unaffected = unaffected;
    this.#paths = paths;
    this.#kind = kind;
    this.#scope = scope;
    this.#signal = signal;
    this.#at = deps.clock();
  }

  /** Acts on a verdict when it settles. Counts the object as failed where the time budget ends before. */
  async actLater(object: JudgedObject, verdict: Promise<Verdict>): Promise<void> {
    try {
      await this.act(object, await verdict);
    } catch (error) {
      this.#fail(object, error);
    }
  }

  /** Refreshes an affected object, counts an unaffected one, and logs a broken one. */
  async act(object: JudgedObject, verdict: Verdict): Promise<void> {
    switch (verdict.kind) {
      case 'affected':
        if (await this.#isLeftOut(verdict)) this.#leftOut.push(formatObjectName(object));
        else await this.#concurrently(() => this.#refresh(object));
        return;
      case 'broken':
        this.#logOf(object)?.warn('object skipped', { reason: verdict.reason });
        return;
      case 'unaffected':
        this.#unaffected.add(object, verdict);
        return;
      default:
        verdict satisfies never;
    }
  }

  async #isLeftOut({ narrowed }: Affected): Promise<boolean> {
    if (this.#paths === undefined || narrowed === undefined) return false;
    return !(await this.#paths.mayMatter(narrowed));
  }

  async #refresh(object: ObjectName): Promise<void> {
    const { objects, recent } = this.#deps;
    const { deliveryIds } = this.#scope;
    try {
      const isRepeated = recent.has(object, deliveryIds);
      const isRefreshed =
        isRepeated || (await objects.refresh(this.#kind, object, this.#at, this.#signal)) === 'refreshed';
      if (isRefreshed) this.#refreshed.push(formatObjectName(object));
      else this.#logOf(object)?.info('object deleted before its refresh', {});
      if (isRefreshed && !isRepeated) recent.add(object, deliveryIds);
    } catch (error) {
      this.#fail(object, error);
    }
  }

  /** Counts and logs an object that was refused or failed. Throws what is a bug. */
  #fail(object: ObjectName, error: unknown): void {
    if (error instanceof TerminalError) {
      this.#refused.push(formatObjectName(object));
      this.#logOf(object)?.error('refresh refused by the cluster', { error });
    } else if (error instanceof RetryableError) {
      this.#failed.push(formatObjectName(object));
      this.#retryAfterMs = Math.max(this.#retryAfterMs ?? 0, error.retryAfterMs ?? 0) || undefined;
      this.#logOf(object)?.error('refresh failed', { error });
    } else throw error;
  }

  /** Returns the log for a line about this object, or undefined when its project has used up its lines. */
  #logOf(object: ObjectName): Pick<Log, 'info' | 'warn' | 'error'> | undefined {
    const lines = (this.#linesOf.get(object.namespace) ?? 0) + 1;
    this.#linesOf.set(object.namespace, lines);
    if (lines > MAX_LOG_LINES_PER_PROJECT) return undefined;
    const { log } = this.#deps;
    const about = { kind: this.#kind, object: formatObjectName(object) };
    return {
      info: (message, more) => log.info(message, { ...about, ...more }),
      warn: (message, more) => log.warn(message, { ...about, ...more }),
      error: (message, more) => log.error(message, { ...about, ...more }),
    };
  }

  /** @param listingError - why not every object was listed, so that it is unknown what else is affected */
  result(listingError?: RetryableError): KargoResult {
    const [refreshed, refused] = [this.#refreshed.toSorted(), this.#refused.toSorted()];
    const unaffected = this.#unaffected.counts();
    const leftOut = this.#leftOut.length > 0 && { leftOut: this.#leftOut.toSorted() };
    const done = { target: 'kargo', kind: this.#kind, refreshed, refused, ...leftOut, unaffected } as const;
    if (listingError !== undefined) return { ...done, error: listingError };
    const remaining = this.#failed.toSorted();
    if (remaining.length === 0) return done;
    const reason = `refreshed ${refreshed.length} of ${refreshed.length + remaining.length} ${this.#kind}(s)`;
    return { ...done, error: new RetryableError(reason, { retryAfterMs: this.#retryAfterMs }), remaining };
  }
}
