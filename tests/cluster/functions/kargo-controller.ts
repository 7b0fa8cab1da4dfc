import { isDeepStrictEqual } from 'node:util';
import { parseBaseUrl, receiverAddress, receiverHash } from '../../../lib/core/receiver-path.ts';
import type { KubernetesObject } from '../../../local/cluster/stand-in-cluster.ts';
import type { ClusterClient } from '../../support/cluster-client.ts';

interface Status {
  readonly webhookReceivers?: readonly object[];
  readonly conditions?: readonly { readonly type: string }[];
}

/**
 * Does with a ProjectConfig's status what Kargo's own controller does: makes the whole list anew from the spec, one receiver of
 * another kind included, or blanks it where the Kubernetes Secret is missing; keeps conditions of its own; and merge-patches without a
 * resourceVersion what differs from what it has read.
 */
export class KargoController {
  /** How often it has written a status. */
  writes = 0;
  readonly #objects: ClusterClient;
  /** Undefined where the Kubernetes Secret is missing. */
  readonly #secret: string | undefined;

  constructor(objects: ClusterClient, secret: string | undefined) {
    this.#objects = objects;
    this.#secret = secret;
  }

  async reconcile(project: string): Promise<void> {
    const config = await this.#objects.get('ProjectConfig', project, project);
    const status = (config.status ?? {}) as Status;
    const planned = this.#plan(config, status.conditions ?? []);
    const changed = Object.entries(planned).filter(
      ([field, value]) => !isDeepStrictEqual(status[field as keyof Status] ?? [], value),
    );
    if (changed.length === 0) return;
    this.writes += 1;
    await this.#objects.patchStatus(config, Object.fromEntries(changed));
  }

  #plan({ metadata, spec }: KubernetesObject, conditions: NonNullable<Status['conditions']>): Status {
    const { webhookReceivers } = spec as { webhookReceivers: { name: string; bitbucket?: object }[] };
    const base = parseBaseUrl('https://hooks.example.com/kargo')!;
    const secret = this.#secret;
    const own = {
      type: 'Ready',
      status: secret === undefined ? 'False' : 'True',
      reason: secret === undefined ? 'SecretNotFound' : 'Synced',
      message: '',
      lastTransitionTime: '2026-05-04T10:11:12Z',
    };
    return {
      webhookReceivers:
        secret === undefined
          ? []
          : webhookReceivers.map(({ name }) => ({
              name,
              ...receiverAddress(base, receiverHash(metadata.namespace ?? '', name, secret)),
            })),
      conditions: [own, ...conditions.filter(({ type }) => type !== own.type)],
    };
  }
}
