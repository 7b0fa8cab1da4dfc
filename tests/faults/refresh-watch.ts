import type { ClientRequest, IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { callApi, type ApiTarget } from '../cluster/api-client.ts';

const WAREHOUSES = '/apis/kargo.akuity.io/v1alpha1/warehouses';
const REFRESH = 'kargo.akuity.io/refresh';

/** Pause before another watch, while the API is down. */
const RETRY_MS = 500;

/** Watches the Warehouses as Kargo's controller does, and notes when the refresh annotation of each has changed. */
export class RefreshWatch {
  readonly #target: ApiTarget;
  readonly #values = new Map<string, string | undefined>();
  readonly #changedAt = new Map<string, Date>();
  readonly #stopping = new AbortController();
  #watched: Promise<void> = Promise.resolve();
  #request: ClientRequest | undefined;

  constructor(target: ApiTarget) {
    this.#target = target;
  }

  start(): void {
    this.#watched = this.#run();
  }

  /** Reads what the watch may not have delivered yet, and returns when each Warehouse was refreshed last, by name. */
  async read(): Promise<ReadonlyMap<string, Date>> {
    await this.#list();
    return this.#changedAt;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#request?.destroy();
    await this.#watched;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#watch(await this.#list());
      } catch {
        // The API is down: what has changed meanwhile is in the next list.
        await sleep(RETRY_MS);
      }
    }
  }

  /** Returns the resourceVersion of the list. */
  async #list(): Promise<string> {
    const { code, text } = await callApi(this.#target, { path: WAREHOUSES });
    if (code !== 200) throw new Error(`the API answers ${code}`);
    const { items, metadata } = JSON.parse(text) as {
      readonly items: readonly KubernetesObject[];
      readonly metadata: { readonly resourceVersion: string };
    };
    for (const item of items) this.#note(item);
    return metadata.resourceVersion;
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { url, token, ca } = this.#target;
    const headers = { authorization: `Bearer ${token}` };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const path = `${url}${WAREHOUSES}?watch=true&resourceVersion=${resourceVersion}`;
    this.#request = get(path, { headers, ca }, resolve).on('error', reject);
    for await (const line of createInterface({ input: await promise }))
      this.#note((JSON.parse(line) as { readonly object: KubernetesObject }).object);
  }

  #note({ metadata }: KubernetesObject): void {
    const { name = '', annotations } = metadata;
    const value = annotations?.[REFRESH];
    if (value === this.#values.get(name)) return;
    this.#values.set(name, value);
    this.#changedAt.set(name, new Date());
  }
}
