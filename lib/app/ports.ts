import type { BitbucketEvent } from '../core/bitbucket/event.ts';
import type { ObjectName, ObjectVersion } from '../core/kargo/object-name.ts';
import type { RefreshKind } from '../core/kargo/verdict.ts';
import type { RetryMessage } from './redelivery/retry-message.ts';
import type { Receiver, ReceiverConfig } from '../core/kargo/receiver.ts';
import type { StoredPiece } from '../core/kargo/lookup-index/index-piece.ts';
import type { SecretReading } from '../core/kargo/receiver-secret.ts';

// Interfaces of the dependencies of the use cases. Every asynchronous method takes a signal that ends it. It throws `RetryableError` when
// the dependency is unavailable, throttles, or forbids a read, and when the signal ends it; and `TerminalError` where the dependency rejects
// a request for good.

/** The ProjectConfigs and the ClusterConfig that this deployment serves. */
export interface ReceiverConfigs {
  list(signal: AbortSignal): Promise<ListedConfigs>;
}

export interface ListedConfigs {
  readonly configs: readonly ReceiverConfig[];
  readonly unreadable: readonly UnreadableConfig[];
}

/** A config that cannot be read. */
export interface UnreadableConfig extends Pick<ReceiverConfig, 'kind' | 'namespace' | 'name'> {
  /** Names the field at fault. */
  readonly reason: string;
}

/** The status subresource of a config. */
export interface ConfigStatuses {
  read(config: ReceiverConfig, signal: AbortSignal): Promise<ReceiverConfig | undefined>;
  /** Writes these fields of the status. Returns `conflict` where another client has written since `config` was read. */
  write(
    config: ReceiverConfig,
    status: Partial<ReceiverConfig['status']>,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'gone'>;
}

/** A route of the gateway that accepts one receiver's deliveries. */
export interface GatewayRoute {
  readonly id: string;
  readonly hash: string;
}

/** The receiver routes of the gateway. Other routes are neither listed nor changed. */
export interface GatewayRoutes {
  list(signal: AbortSignal): Promise<GatewayRoute[]>;
  /** Adds a route; one that exists already counts as added. */
  add(hash: string, signal: AbortSignal): Promise<AddRouteResult>;
  remove(route: GatewayRoute, signal: AbortSignal): Promise<void>;
}

/** `no-room`: the quota of routes is used up, and `reason` is the gateway's message. An exceeded request rate is an error instead. */
export type AddRouteResult =
  { readonly kind: 'added' } | { readonly kind: 'no-room'; readonly reason: string };

/** The receivers' HMAC secrets. */
export interface ReceiverSecrets {
  /**
   * Reads the secrets of these receivers.
   *
   * @param from - `cached` accepts cached secrets; `store` reads them again, unless the store itself reports them as unchanged
   * @returns one reading for each receiver, in their order. A secret that cannot be read is a reading of kind `fault`
   * @throws {RetryableError} when no secret can be read because the store is unavailable or throttles, or the signal ends it
   */
  read(
    receivers: readonly Receiver[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]>;
}

/** A copy of the receivers of the lookup index outside the cluster, packed. */
export interface ReceiverCopy {
  /** Returns undefined where there is none, or it cannot be read. */
  read(signal: AbortSignal): Promise<string | undefined>;
  write(packed: string, signal: AbortSignal): Promise<void>;
}

/** A Warehouse or Promotion as the cluster holds it, not yet validated. */
export interface ClusterObject extends ObjectName {
  readonly content: unknown;
}

/** Finds the objects that an event may affect. */
export interface EventCandidates {
  /**
   * Finds them in a project, or in all where `project` is empty. In pages, because those of a large cluster exceed the memory. Of an object,
   * the content may be limited to what the event is judged by.
   */
  pages(event: BitbucketEvent, project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]>;
}

/** What a project's webhooks depend on: which repositories it subscribes to, and whether it waits for pull requests. */
export interface ProjectObjects {
  /** Lists the objects of a project, or of all where `project` is empty, in pages. */
  pages(
    plural: 'warehouses' | 'stages',
    project: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly ClusterObject[]>;
}

/** The objects that a delivery can refresh: Warehouses and Promotions. */
export interface ListedObjects {
  /** Lists the objects of a project, or of all where `project` is empty. */
  pages(kind: RefreshKind, project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]>;
  /** Lists the Promotions whose phase is Running, in the same way. */
  runningPromotions(project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]>;
  /** Reads these objects. Those that were deleted meanwhile are left out. */
  read(
    kind: RefreshKind,
    names: readonly ObjectName[],
    signal: AbortSignal,
  ): AsyncIterable<readonly ClusterObject[]>;
}

/** Refreshes Warehouses and Promotions. */
export interface RefreshableObjects {
  /** Sets the refresh annotation of the object. Returns `gone` where it has been deleted since it was listed. */
  refresh(
    kind: RefreshKind,
    object: ObjectName,
    at: Date,
    signal: AbortSignal,
  ): Promise<'refreshed' | 'gone'>;
}

/** The pieces of the lookup index, by name. What they hold is not validated. */
export interface IndexPieces {
  /**
   * Reads a piece.
   *
   * @param attempts - `once`: one, for a caller that is not authenticated; `retried`: as many as a busy cluster API may need
   * @returns undefined where it does not exist, or may not be read
   */
  read(name: string, attempts: 'once' | 'retried', signal: AbortSignal): Promise<unknown>;
}

/** The pieces of the lookup index, for their writer. */
export interface WritableIndexPieces extends IndexPieces {
  /** Lists the versions of all pieces in the cluster, by name. */
  versions(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** Writes a piece, which need not exist, and returns its version. */
  write(name: string, piece: StoredPiece, signal: AbortSignal): Promise<string>;
  /** Removes a piece. One that does not exist counts as removed. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** The Warehouses of the cluster, for the index. */
export interface IndexableWarehouses {
  versions(signal: AbortSignal): AsyncIterable<readonly ObjectVersion[]>;
  pages(signal: AbortSignal): AsyncIterable<readonly WarehouseContent[]>;
  /** Reads these Warehouses. Those that were deleted meanwhile are left out. */
  read(names: readonly ObjectName[], signal: AbortSignal): AsyncIterable<readonly WarehouseContent[]>;
}

/** A Warehouse as the cluster holds it, with its version. */
export interface WarehouseContent extends ObjectVersion {
  readonly content: unknown;
  /** Whether Kargo has discovered commits for it. */
  readonly isDiscovered: boolean;
}

/** The queue of events that a target has not finished. */
export interface RetryQueue {
  /**
   * Queues all messages.
   *
   * @param delayMs - until they are received, at most 15 minutes
   * @throws {RetryableError} where not all were accepted; those that were may be queued again
   */
  send(messages: readonly RetryMessage[], signal: AbortSignal, delayMs?: number): Promise<void>;
}

/** A message as the queue delivers it. */
export interface ReceivedMessage {
  readonly id: string;
  readonly receiptHandle: string;
  readonly text: string;
  /** How often it has been received, this time included. */
  readonly receiveCount: number;
}

/** The same queue, for the function that receives from it. */
export interface RedeliveryQueue extends RetryQueue {
  /** Has messages received again after a delay, at most 12 hours each. */
  postpone(
    messages: readonly (ReceivedMessage & { readonly delayMs: number })[],
    signal: AbortSignal,
  ): Promise<void>;
  /** Puts a copy of the message into the dead-letter queue. */
  sendToDeadLetters(message: ReceivedMessage, reason: string, signal: AbortSignal): Promise<void>;
}

/** Structured log. `about` holds the fields of the record: never a body, a signature or a secret. */
export interface Log {
  /** Whether lines of the level DEBUG are written; nothing has to be computed for them otherwise. */
  readonly isDebugEnabled: boolean;
  /** Adds fields to every further line of this invocation. */
  addFields(fields: Record<string, unknown>): void;
  debug(message: string, about: Record<string, unknown>): void;
  info(message: string, about: Record<string, unknown>): void;
  warn(message: string, about: Record<string, unknown>): void;
  error(message: string, about: Record<string, unknown>): void;
}

/** The time now. */
export type Clock = () => Date;
