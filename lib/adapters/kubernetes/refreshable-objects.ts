import type { ClusterObject, ObjectName, RefreshableObjects } from '../../app/ports.ts';
import type { RefreshKind } from '../../core/kargo/verdict.ts';
import type { KargoApi, KargoPlural } from './kargo-api.ts';

/** A new value makes Kargo's controller run a Warehouse's discovery again, or read a Promotion's pull request again. */
export const REFRESH_ANNOTATION = 'kargo.akuity.io/refresh';

const PLURALS: Readonly<Record<RefreshKind, KargoPlural>> = {
  warehouse: 'warehouses',
  promotion: 'promotions',
};

/** The Warehouses and Promotions of the cluster. */
export class KargoRefreshableObjects implements RefreshableObjects {
  readonly #api: KargoApi;

  constructor(api: KargoApi) {
    this.#api = api;
  }

  pages(kind: RefreshKind, project: string, signal: AbortSignal): AsyncIterable<readonly ClusterObject[]> {
    return this.#api.pages(PLURALS[kind], project, signal);
  }

  async refresh(
    kind: RefreshKind,
    { namespace, name }: ObjectName,
    at: Date,
    signal: AbortSignal,
  ): Promise<'refreshed' | 'gone'> {
    const body = { metadata: { annotations: { [REFRESH_ANNOTATION]: at.toISOString() } } };
    const result = await this.#api.patch(PLURALS[kind], namespace, name, body, signal);
    return result === 'gone' ? 'gone' : 'refreshed';
  }
}
