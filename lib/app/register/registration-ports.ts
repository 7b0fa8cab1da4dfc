import type { Condition, ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { ClusterObject } from '../ports.ts';

// Interfaces of the cluster for the registrar, besides those in ../ports.ts. They fail as those do.

/** What a project's webhooks depend on: which repositories it subscribes to, and whether it waits for pull requests. */
export interface ProjectObjects {
  /** Lists the objects of a project, or of all where `project` is empty, in pages. */
  pages(
    plural: 'warehouses' | 'stages',
    project: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly ClusterObject[]>;
}

/** The conditions in a config's status. */
export interface ConfigConditions {
  read(config: ReceiverConfig, signal: AbortSignal): Promise<ReceiverConfig | undefined>;
  /** Writes the conditions. Returns `conflict` where another client has written since `config` was read. */
  writeConditions(
    config: ReceiverConfig,
    conditions: readonly Condition[],
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'gone'>;
}
