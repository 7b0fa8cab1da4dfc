import type { BitbucketEvent } from '../../../core/bitbucket/event.ts';
import { describeMismatch } from '../../../core/kargo/mismatch-text.ts';
import type { Mismatch, RefreshKind, Unaffected } from '../../../core/kargo/verdict.ts';
import { formatObjectName, type ObjectName } from '../../../core/kargo/object-name.ts';
import type { ClusterObject, Log } from '../../ports.ts';

/** Lines of the level DEBUG about objects of one project in one delivery. Most people search for one of a few. */
const MAX_LINES_PER_PROJECT = 100;

/** Lines of all projects, so that a delivery to a receiver of the ClusterConfig is answered in time at this level too. */
const MAX_LINES = 1_000;

/** How many objects an event does not affect, by why. */
export type UnaffectedCounts = Readonly<Partial<Record<Mismatch, number>>>;

/** An object whose content is kept only where a line about it may need it. */
export type JudgedObject = ObjectName & Partial<Pick<ClusterObject, 'content'>>;

/** Counts the objects that an event does not affect. At the level DEBUG it logs each, with the reason in words. */
export class UnaffectedObjects {
  readonly kind: RefreshKind;
  readonly #event: BitbucketEvent;
  readonly #log: Log;
  readonly #counts = new Map<Mismatch, number>();
  readonly #linesOf = new Map<string, number>();
  #lines = 0;

  constructor(event: BitbucketEvent, kind: RefreshKind, log: Log) {
    this.#event = event;
    this.kind = kind;
    this.#log = log;
  }

  /** Removes the content of an object that waits for its verdict or refresh, unless a line about it may need it. */
  withoutContent({ content, ...name }: ClusterObject): JudgedObject {
    return this.#log.isDebugEnabled ? { ...name, content } : name;
  }

  add(object: JudgedObject, unaffected: Unaffected): void {
    const { mismatch } = unaffected;
    this.#counts.set(mismatch, (this.#counts.get(mismatch) ?? 0) + 1);
    if (!this.#log.isDebugEnabled || !this.#hasLineLeft(object.namespace)) return;
    this.#log.debug('object not affected', {
      kind: this.kind,
      object: formatObjectName(object),
      mismatch,
      reason: describeMismatch(this.#event, object.content, unaffected),
    });
  }

  counts(): UnaffectedCounts {
    return Object.fromEntries(this.#counts);
  }

  #hasLineLeft(project: string): boolean {
    const lines = (this.#linesOf.get(project) ?? 0) + 1;
    if (lines > MAX_LINES_PER_PROJECT || this.#lines >= MAX_LINES) return false;
    this.#linesOf.set(project, lines);
    this.#lines += 1;
    return true;
  }
}
