import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import type { RetryableError } from '../errors.ts';
import type { KargoResult } from './kargo/kargo-target.ts';
import type { RegistryResult } from './registry/registry-target.ts';

/** The objects that a verified delivery may act on, and the identity of the delivery. */
export interface EventScope {
  /** The project whose objects the receiver acts on; empty for all projects. */
  readonly project: string;
  /** Identify repetitions of one delivery: Bitbucket's request UUID and the SHA-256 of the body. */
  readonly deliveryIds: readonly string[];
  /**
   * What an earlier attempt at the same event has left to do: its `remaining`. The target acts on these objects without deciding again
   * whether the event affects them. Undefined where it acts on everything that the event affects.
   */
  readonly only?: readonly string[] | undefined;
}

/** Where an event was delivered: to a receiver of a project or of the ClusterConfig, or to the webhook of the package registry. */
export type EventOrigin = 'project-receiver' | 'cluster-receiver' | 'registry-webhook';

/** A system that is kept in step with Bitbucket's events. */
export interface Target {
  /** The name in its results. */
  readonly name: TargetResult['target'];
  /** The origins whose events concern this system. */
  readonly origins: readonly EventOrigin[];
  /** Returns the owner of an object by its name in a result. All objects of one owner may fail by themselves, whatever the others do. */
  ownerOf(name: string): string;
  /**
   * Applies the event to this system. It is idempotent.
   *
   * @param signal - ends the work when the delivery's time budget is used up
   * @returns what was done; its `error` says that a later attempt may do the rest
   * @throws {Error} for a bug only
   */
  handle(event: BitbucketEvent, scope: EventScope, signal: AbortSignal): Promise<TargetResult>;
}

/** What the result of every target says about work that it could not do. */
export interface UnfinishedWork {
  /** Why not everything was done; a later attempt may do the rest. */
  readonly error?: RetryableError;
  /** With an `error`: the names of the objects still to do, for `EventScope.only`. Undefined where they are unknown. */
  readonly remaining?: readonly string[];
}

/** What one target did; one member of the union for each target. */
export type TargetResult = KargoResult | RegistryResult;
