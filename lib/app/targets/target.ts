import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import type { KargoResult } from './kargo/kargo-target.ts';

/** The objects that a verified delivery may act on, and the identity of the delivery. */
export interface EventScope {
  /** The project whose objects the receiver acts on; empty for all projects. */
  readonly project: string;
  /** Identify repetitions of one delivery: Bitbucket's request UUID and the SHA-256 of the body. */
  readonly deliveryIds: readonly string[];
}

/** A system that is kept in step with Bitbucket's events. */
export interface Target {
  /**
   * Applies the event to this system. It is idempotent.
   *
   * @param signal - ends the work when the delivery's time budget is used up
   * @returns what was done; its `error` says that a later attempt may do the rest
   * @throws {Error} for a bug only
   */
  handle(event: BitbucketEvent, scope: EventScope, signal: AbortSignal): Promise<TargetResult>;
}

/** What one target did; one member of the union for each target. */
export type TargetResult = KargoResult;
