import type { Target } from '../targets/target.ts';

/** Objects of one owner that fail, with none of it that succeeds between them, before its others are not attempted. */
const MAX_FAILED_OBJECTS = 2;

/**
 * Owners whose objects fail, with no object that succeeds between them, before the target counts as unavailable. One who has two projects must
 * not stop the others, and an API that recovers must not get a whole batch.
 */
const MAX_FAILED_OWNERS = 3;

/** Why objects are not attempted in the rest of a batch. */
export interface Outage {
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
}

/** What a batch has seen fail of one target: the whole of it, or the objects of single owners. */
export class Outages {
  readonly target: Target;
  #ofTarget: Outage | undefined;
  readonly #ofOwners = new Map<string, Outage>();
  readonly #failedOwners = new Set<string>();
  readonly #failedObjects = new Map<string, number>();

  constructor(target: Target) {
    this.target = target;
  }

  /** Finds why none of these objects should be attempted; undefined where one may be done. */
  find(names: readonly string[] | undefined): Outage | undefined {
    if (this.#ofTarget !== undefined) return this.#ofTarget;
    const outages = (names ?? []).map((name) => this.#ofOwners.get(this.target.ownerOf(name)));
    return outages.every((outage) => outage !== undefined) ? outages[0] : undefined;
  }

  addSuccess(names: readonly string[] | undefined): void {
    this.#failedOwners.clear();
    for (const name of names ?? []) this.#failedObjects.delete(this.target.ownerOf(name));
  }

  /** @param names - undefined where not even the objects could be found */
  addFailure(names: readonly string[] | undefined, outage: Outage): void {
    for (const name of names ?? []) {
      const owner = this.target.ownerOf(name);
      const failed = (this.#failedObjects.get(owner) ?? 0) + 1;
      this.#failedObjects.set(owner, failed);
      this.#failedOwners.add(owner);
      if (failed >= MAX_FAILED_OBJECTS) this.#ofOwners.set(owner, outage);
    }
    if (names === undefined || this.#failedOwners.size >= MAX_FAILED_OWNERS) this.#ofTarget = outage;
  }
}
