import type { RefreshKind } from '../core/kargo/verdict.ts';
import type { Receiver, ReceiverConfig } from '../core/kargo/receiver.ts';
import type { SecretReading } from '../core/kargo/receiver-secret.ts';
import type { StatusPlan } from '../core/kargo/receiver-status.ts';

/**
 * What the use cases ask of the outside. Every method that waits takes the signal that ends the waiting; it raises `RetryableError` when
 * the other side is away, throttles or refuses, and when the signal ends it, and a plain `Error` for what no later try would mend.
 */

/** The ProjectConfigs and the ClusterConfig that this deployment serves. */
export interface ReceiverConfigs {
  list(signal: AbortSignal): Promise<ListedConfigs>;
}

export interface ListedConfigs {
  readonly configs: readonly ReceiverConfig[];
  readonly unreadable: readonly UnreadableConfig[];
}

/** A config that is not what it should be. */
export interface UnreadableConfig extends Pick<ReceiverConfig, 'kind' | 'namespace' | 'name'> {
  /** Which of its fields, in words. */
  readonly reason: string;
}

/** The status subresource of a config. */
export interface ConfigStatuses {
  read(config: ReceiverConfig, signal: AbortSignal): Promise<ReceiverConfig | undefined>;
  /** Writes list and conditions of a plan made from `config`; `conflict` where somebody wrote after `config` was read. */
  write(
    config: ReceiverConfig,
    plan: StatusPlan,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'gone'>;
}

/** A route of the gateway that accepts one receiver's deliveries. */
export interface GatewayRoute {
  readonly id: string;
  readonly hash: string;
}

/** The gateway's receiver routes; others' routes are not visible here. */
export interface GatewayRoutes {
  list(signal: AbortSignal): Promise<GatewayRoute[]>;
  /** Adds a route; one that exists already counts as added. */
  add(hash: string, signal: AbortSignal): Promise<AddRouteResult>;
  remove(route: GatewayRoute, signal: AbortSignal): Promise<void>;
}

/** Lack of room is a quota that is used up; a rate that is exceeded is an error. `reason` is in the gateway's own words. */
export type AddRouteResult =
  { readonly kind: 'added' } | { readonly kind: 'no-room'; readonly reason: string };

/** The receivers' HMAC secrets. */
export interface ReceiverSecrets {
  /**
   * Reads many at once, in the order of `receivers`.
   *
   * @param from - `cached` uses a short cache where it can
   * @throws {RetryableError} when none of the secrets can be read because the store is unavailable or throttles, or the signal ends it;
   *   what concerns single secrets is their reading
   */
  read(
    receivers: readonly Receiver[],
    from: 'cached' | 'store',
    signal: AbortSignal,
  ): Promise<SecretReading[]>;
}

/** Names a Warehouse or Promotion. */
export interface ObjectName {
  /** Another one for an object that was deleted and created again. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** A Warehouse or Promotion as the cluster holds it, not yet validated. */
export interface ClusterObject extends ObjectName {
  readonly content: unknown;
}

/** The Warehouses and Promotions. */
export interface RefreshableObjects {
  /** Gives the objects of a project, or of all where `project` is empty, page by page: a large cluster's fit into no memory at once. */
  pages(kind: RefreshKind, project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]>;
  /** Asks Kargo to refresh the object, in words of its own API; `gone` where it has been deleted since. */
  refresh(
    kind: RefreshKind,
    object: ObjectName,
    at: Date,
    signal: AbortSignal,
  ): Promise<'refreshed' | 'gone'>;
}

/** Structured logging: a message and what it is about. Never a body, a signature or a secret. */
export interface Log {
  info(message: string, about: Record<string, unknown>): void;
  warn(message: string, about: Record<string, unknown>): void;
  error(message: string, about: Record<string, unknown>): void;
}

/** The time now. */
export type Clock = () => Date;
