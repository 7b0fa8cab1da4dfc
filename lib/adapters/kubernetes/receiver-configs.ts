import type { ClusterObject, ConfigStatuses, ListedConfigs, ReceiverConfigs } from '../../app/ports.ts';
import type { StatusPlan } from '../../core/kargo/receiver-status.ts';
import { readReceiverConfig, type ReceiverConfig } from '../../core/kargo/receiver.ts';
import type { KargoApi, KargoPlural } from './kargo-api.ts';

/** The one ClusterConfig that Kargo looks at. */
const CLUSTER_CONFIG_NAME = 'cluster';

const PLURALS: Readonly<Record<ReceiverConfig['kind'], KargoPlural>> = {
  ProjectConfig: 'projectconfigs',
  ClusterConfig: 'clusterconfigs',
};

/** The ProjectConfigs and the ClusterConfig of the cluster, and their statuses. */
export class KargoReceiverConfigs implements ReceiverConfigs, ConfigStatuses {
  readonly #api: KargoApi;

  constructor(api: KargoApi) {
    this.#api = api;
  }

  /** Leaves out what Kargo leaves out: a ProjectConfig not named after its project, a ClusterConfig of another name. */
  async list(signal: AbortSignal): Promise<ListedConfigs> {
    const [ofProjects, ofCluster] = await Promise.all([
      this.#listKind('ProjectConfig', ({ namespace, name }) => name === namespace, signal),
      this.#listKind('ClusterConfig', ({ name }) => name === CLUSTER_CONFIG_NAME, signal),
    ]);
    return {
      configs: [...ofProjects.configs, ...ofCluster.configs],
      unreadable: [...ofProjects.unreadable, ...ofCluster.unreadable],
    };
  }

  async read(
    { kind, namespace, name }: ReceiverConfig,
    signal: AbortSignal,
  ): Promise<ReceiverConfig | undefined> {
    const content = await this.#api.get(PLURALS[kind], namespace, name, signal);
    if (content === undefined) return undefined;
    const config = readReceiverConfig(kind, content);
    if (typeof config === 'string') throw new Error(`${kind} ${namespace}/${name}: ${config}`);
    return config;
  }

  /** The resourceVersion makes the cluster refuse the write where somebody else has written since. */
  async write(
    config: ReceiverConfig,
    plan: StatusPlan,
    signal: AbortSignal,
  ): Promise<'written' | 'conflict' | 'gone'> {
    const body = {
      metadata: { resourceVersion: config.resourceVersion },
      status: { webhookReceivers: plan.webhookReceivers, conditions: plan.conditions },
    };
    const result = await this.#api.patchStatus(
      PLURALS[config.kind],
      config.namespace,
      config.name,
      body,
      signal,
    );
    return result === 'patched' ? 'written' : result;
  }

  async #listKind(
    kind: ReceiverConfig['kind'],
    isKargos: (object: ClusterObject) => boolean,
    signal: AbortSignal,
  ): Promise<ListedConfigs> {
    const configs: ReceiverConfig[] = [];
    const unreadable: string[] = [];
    for await (const page of this.#api.pages(PLURALS[kind], '', signal)) {
      for (const object of page.filter(isKargos)) {
        const config = readReceiverConfig(kind, object.content);
        if (typeof config === 'string')
          unreadable.push(`${kind} ${object.namespace}/${object.name}: ${config}`);
        else configs.push(config);
      }
    }
    return { configs, unreadable };
  }
}
