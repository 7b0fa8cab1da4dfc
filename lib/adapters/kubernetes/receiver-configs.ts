import type {
  ClusterObject,
  ConfigStatuses,
  ListedConfigs,
  ReceiverConfigs,
  UnreadableConfig,
} from '../../app/ports.ts';
import { CLUSTER_PROJECT, isServedProject } from '../../core/kargo/project-patterns.ts';
import { describeConfig, readReceiverConfig, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { KargoApi, KargoPlural } from './kargo-api.ts';

/** Name of the one ClusterConfig that Kargo reads. */
const CLUSTER_CONFIG_NAME = 'cluster';

const PLURALS: Readonly<Record<ReceiverConfig['kind'], KargoPlural>> = {
  ProjectConfig: 'projectconfigs',
  ClusterConfig: 'clusterconfigs',
};

/** Which receivers a deployment serves. An absent field is no restriction. */
export interface ServedReceivers {
  /** Names and `*` patterns of projects; see `isServedProject`. */
  readonly projects?: readonly string[] | undefined;
  readonly maxReceiversPerProject?: number;
  /** Attempts at each request for a list. Default: as many as a busy server may need. */
  readonly maxAttempts?: number;
}

/** The ProjectConfigs and the ClusterConfig of the cluster, as far as this deployment serves them, and their statuses. */
export class KargoReceiverConfigs implements ReceiverConfigs, ConfigStatuses {
  readonly #api: KargoApi;
  readonly #projects: readonly string[] | undefined;
  readonly #maxReceivers: number | undefined;
  readonly #listOptions: { readonly maxAttempts?: number };

  constructor(api: KargoApi, { projects, maxReceiversPerProject, maxAttempts }: ServedReceivers = {}) {
    this.#api = api;
    this.#projects = projects;
    this.#maxReceivers = maxReceiversPerProject;
    this.#listOptions = maxAttempts === undefined ? {} : { maxAttempts };
  }

  /** Lists the configs. As in Kargo, a ProjectConfig not named after its project and a ClusterConfig of another name are ignored. */
  async list(signal: AbortSignal): Promise<ListedConfigs> {
    const kinds = [
      ...(this.#projects?.every((pattern) => pattern === CLUSTER_PROJECT)
        ? []
        : [this.#listKind('ProjectConfig', ({ namespace, name }) => name === namespace, signal)]),
      ...(isServedProject(this.#projects, '')
        ? [this.#listKind('ClusterConfig', ({ name }) => name === CLUSTER_CONFIG_NAME, signal)]
        : []),
    ];
    const lists = await Promise.all(kinds);
    return {
      configs: lists.flatMap(({ configs }) => configs),
      unreadable: lists.flatMap(({ unreadable }) => unreadable),
    };
  }

  async read(
    { kind, namespace, name }: ReceiverConfig,
    signal: AbortSignal,
  ): Promise<ReceiverConfig | undefined> {
    const content = await this.#api.get(PLURALS[kind], namespace, name, signal);
    if (content === undefined) return undefined;
    const config = readReceiverConfig(kind, content, this.#maxReceivers);
    if (typeof config === 'string')
      throw new Error(`${describeConfig({ kind, namespace, name })}: ${config}`);
    return config;
  }

  /** Sends the resourceVersion too, so that the cluster rejects the write where another client has written since. */
  async write(
    { kind, namespace, name, resourceVersion }: ReceiverConfig,
    status: Partial<ReceiverConfig['status']>,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'gone'> {
    const body = { metadata: { resourceVersion }, status };
    const result = await this.#api.patchStatus(PLURALS[kind], namespace, name, body, signal);
    return result === 'patched' ? 'written' : result;
  }

  async #listKind(
    kind: ReceiverConfig['kind'],
    isKargos: (object: ClusterObject) => boolean,
    signal: AbortSignal,
  ): Promise<ListedConfigs> {
    const configs: ReceiverConfig[] = [];
    const unreadable: UnreadableConfig[] = [];
    const isServed = (object: ClusterObject): boolean =>
      isKargos(object) && isServedProject(this.#projects, object.namespace);
    for await (const page of this.#api.pages(PLURALS[kind], '', signal, this.#listOptions)) {
      for (const { namespace, name, content } of page.filter(isServed)) {
        const config = readReceiverConfig(kind, content, this.#maxReceivers);
        if (typeof config === 'string') unreadable.push({ kind, namespace, name, reason: config });
        else configs.push(config);
      }
    }
    return { configs, unreadable };
  }
}
