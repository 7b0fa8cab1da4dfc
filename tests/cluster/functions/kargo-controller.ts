import { isDeepStrictEqual } from 'node:util';
import { receiverAddress, receiverHash } from '../../../lib/core/kargo/receiver-path.ts';
import type { KubernetesObject } from '../../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { ClusterClient } from '../../support/cluster-client.ts';

interface Condition {
  readonly type: string;
}

interface Status {
  readonly webhookReceivers?: readonly object[];
  readonly conditions?: readonly Condition[];
}

interface Spec {
  readonly webhookReceivers: readonly { readonly name: string; readonly bitbucket?: object }[];
}

/**
 * Fake of Kargo's own controller. It replaces the whole list in a ProjectConfig's status by entries for all receivers of the spec, whatever
 * their kind, or blanks it where the Kubernetes Secret is missing; maintains its own condition; and merge-patches changed fields without a
 * resourceVersion.
 */
export class KargoController {
  /** Number of statuses written. */
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

  #plan({ metadata, spec }: KubernetesObject, conditions: readonly Condition[]): Status {
    const secret = this.#secret;
    const isReady = secret !== undefined;
    const own = { ...OWN_CONDITION, ...(isReady ? SYNCED : SECRET_MISSING) };
    return {
      webhookReceivers: isReady ? entriesOf(metadata.namespace ?? '', spec as Spec, secret) : [],
      conditions: conditions.some(({ type }) => type === own.type)
        ? conditions.map((condition) => (condition.type === own.type ? own : condition))
        : [...conditions, own],
    };
  }
}

const BASE = { origin: 'https://hooks.example.com', path: '/kargo' };

const SYNCED = { status: 'True', reason: 'Synced' };
const SECRET_MISSING = { status: 'False', reason: 'SecretNotFound' };
const OWN_CONDITION = { type: 'Ready', message: '', lastTransitionTime: '2026-05-04T10:11:12Z' };

function entriesOf(project: string, { webhookReceivers }: Spec, secret: string): object[] {
  return webhookReceivers.map(({ name, bitbucket }) => {
    const { path, url } = receiverAddress(BASE, receiverHash(project, name, secret));
    const inKind = (text: string): string => (bitbucket ? text : text.replace('/bitbucket/', '/github/'));
    return { name, path: inKind(path), url: inKind(url) };
  });
}
