import type { PushEvent, Ref } from '../../../core/bitbucket/event.ts';
import { compilePathFilter } from '../../../core/kargo/commit-selection/path-filter.ts';
import type { NarrowedSelection } from '../../../core/kargo/verdict.ts';
import { RetryableError } from '../../errors.ts';
import type { Log } from '../../ports.ts';
import type { ChangedFiles, ChangedPaths } from './changed-files.ts';

/** Time for all requests of one delivery. A refresh that waits for them is late by as much, and Bitbucket Cloud times out after 10 s. */
const BUDGET_MS = 1_500;

/** Refs whose changed files are read. A push of more, such as a mirror's, refreshes without them. */
const MAX_REFS = 10;

/** Warehouses that are judged by paths, so that the CPU time of one delivery is bounded. */
const MAX_JUDGED = 50;

/** Decides for one push which Warehouses need no refresh, because no changed file passes their path filters. Where anything is unknown, the push may matter. */
export class DeliveryPaths {
  readonly #files: ChangedFiles;
  readonly #event: PushEvent;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  /** By ref: its changed paths, read once. */
  readonly #pathsOf = new Map<Ref, Promise<ChangedPaths>>();
  readonly #reasons = new Set<string>();
  #budget: AbortSignal | undefined;
  #judged = 0;

  constructor(files: ChangedFiles, event: PushEvent, log: Log, signal: AbortSignal) {
    this.#files = files;
    this.#event = event;
    this.#log = log;
    this.#signal = signal;
  }

  /** Returns whether one of the selections may select a commit of the push. */
  async mayMatter(selections: readonly NarrowedSelection[]): Promise<boolean> {
    this.#judged += 1;
    if (this.#judged > MAX_JUDGED)
      return this.#unknown(`more than ${MAX_JUDGED} Warehouses have path filters`);
    const answers = await Promise.all(selections.map((selection) => this.#maySelect(selection)));
    return answers.includes(true);
  }

  async #maySelect({ selectors, refs }: NarrowedSelection): Promise<boolean> {
    if (refs.length > MAX_REFS) return this.#unknown(`more than ${MAX_REFS} refs were pushed`);
    const filter = await compilePathFilter(selectors);
    if (filter === undefined) return this.#unknown('a path selector is not translated');
    for (const ref of refs) {
      const changed = await this.#changedPaths(ref);
      if (changed.kind === 'unknown') return this.#unknown(changed.reason);
      const passes = filter.passes(changed.paths);
      if (passes === undefined) return this.#unknown('the path selectors take too long for so many files');
      if (passes) return true;
    }
    return false;
  }

  /** A push may matter where this is unknown. The reason is logged once in a delivery. */
  #unknown(reason: string): true {
    if (!this.#reasons.has(reason)) this.#log.info('path filters not applied', { reason });
    this.#reasons.add(reason);
    return true;
  }

  #changedPaths(ref: Ref): Promise<ChangedPaths> {
    const reading = this.#pathsOf.get(ref) ?? this.#read(ref);
    this.#pathsOf.set(ref, reading);
    return reading;
  }

  async #read({ kind, from, to }: Ref): Promise<ChangedPaths> {
    const { addresses } = this.#event;
    if (to === undefined) return { kind: 'unknown', reason: 'the payload does not name the commit' };
    if (kind === 'branch' && from === undefined)
      return { kind: 'unknown', reason: 'the branch is new, or the push was forced or truncated' };
    this.#budget ??= AbortSignal.any([this.#signal, AbortSignal.timeout(BUDGET_MS)]);
    try {
      return kind === 'branch' && from !== undefined
        ? await this.#files.ofPush(addresses, from, to, this.#budget)
        : await this.#files.ofCommit(addresses, to, this.#budget);
    } catch (error) {
      if (error instanceof RetryableError) return { kind: 'unknown', reason: error.message };
      throw error;
    }
  }
}
