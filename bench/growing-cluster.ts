import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { Agent } from '../lib/adapters/http/undici.ts';
import type { KubernetesObject } from '../local/fakes/kubernetes/fake-kubernetes.ts';
import { callApi } from '../tests/cluster/api-client.ts';
import { startClusterTestbed, type ClusterTestbed } from '../tests/cluster/functions/cluster-testbed.ts';
import { collectionOf } from '../tests/support/cluster-client.ts';
import { bitbucket, clusterConfig, stage } from '../tests/support/kargo-objects.ts';
import { LARGE_PROJECT, samplePromotion, sampleProject, sampleWarehouse } from './sample-objects.ts';

/** Concurrent requests: enough to keep the API server busy. */
const CONCURRENCY = 16 * availableParallelism();

/** Namespace of the lookup index. */
const INDEX_NAMESPACE = 'kargo-front-door';

/** A real cluster API to which sample objects are added from measurement to measurement. */
export class GrowingCluster {
  readonly testbed: ClusterTestbed;
  readonly #agent: Agent;
  readonly #concurrently = pLimit(CONCURRENCY);
  #projects = 0;
  #warehouses = 0;
  #promotions = 0;

  private constructor(testbed: ClusterTestbed) {
    this.testbed = testbed;
    this.#agent = new Agent({ connect: { ca: testbed.cluster.ca }, connections: CONCURRENCY });
  }

  /** Starts it with the ClusterConfig, and with the secrets of at most `maxProjects` projects. */
  static async start(maxProjects: number): Promise<GrowingCluster> {
    const namespaces = [
      'kargo-system-resources',
      ...Array.from({ length: maxProjects }, (_, index) => `bench-${index}`),
    ];
    const secrets = Object.fromEntries(namespaces.map((name) => [`kargo/${name}/bitbucket`, 's3cret']));
    const cluster = new GrowingCluster(await startClusterTestbed({ secrets }));
    await cluster.#create(clusterConfig([bitbucket('bb')]));
    await cluster.growProjects(1);
    await cluster.#create(stage(LARGE_PROJECT, 'test'));
    return cluster;
  }

  async growProjects(count: number): Promise<void> {
    await this.#createAll(this.#projects, count, sampleProject);
    this.#projects = Math.max(count, this.#projects);
  }

  async growWarehouses(count: number): Promise<void> {
    await this.#createAll(this.#warehouses, count, (index) => [sampleWarehouse(index)]);
    this.#warehouses = Math.max(count, this.#warehouses);
  }

  async growPromotions(count: number): Promise<void> {
    await this.#createAll(this.#promotions, count, (index) => [samplePromotion(index)]);
    this.#promotions = Math.max(count, this.#promotions);
  }

  /** Returns whether there is a lookup index. */
  async hasIndex(): Promise<boolean> {
    const { body } = await this.#callIndex('GET');
    return (body.items ?? []).length > 0;
  }

  /** Deletes the lookup index, so that the receiver lists. */
  async deleteIndex(): Promise<void> {
    await this.#callIndex('DELETE');
  }

  /** Returns the mean size of a Warehouse in the API's answers, in bytes. */
  async warehouseBytes(): Promise<number> {
    const path = '/apis/kargo.akuity.io/v1alpha1/warehouses?limit=50';
    const { text, body } = await callApi(this.testbed.as(), { path });
    return Math.round(text.length / (body.items?.length ?? 0));
  }

  async close(): Promise<void> {
    await this.#agent.close();
    await this.testbed.close();
  }

  #callIndex(method: string): ReturnType<typeof callApi> {
    // The label leaves the certificate that every namespace gets.
    const path = `/api/v1/namespaces/${INDEX_NAMESPACE}/configmaps?fieldSelector=metadata.name!=kube-root-ca.crt`;
    return callApi(this.testbed.as(), { method, path });
  }

  async #createAll(
    from: number,
    to: number,
    objectsOf: (index: number) => readonly KubernetesObject[],
  ): Promise<void> {
    const indexes = Array.from({ length: Math.max(0, to - from) }, (_, offset) => from + offset);
    await Promise.all(
      indexes.map((index) =>
        this.#concurrently(async () => {
          for (const object of objectsOf(index)) await this.#create(object);
        }),
      ),
    );
  }

  async #create({ status, ...object }: KubernetesObject): Promise<void> {
    const collection = collectionOf(object.kind, object.metadata.namespace);
    await this.#send('POST', collection, object);
    if (status !== undefined)
      await this.#send('PATCH', `${collection}/${object.metadata.name}/status`, { status });
  }

  async #send(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
    const { url, token } = this.testbed.cluster;
    const answer = await this.#agent.request({
      origin: url,
      method,
      path,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      body: JSON.stringify(body),
    });
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${await answer.body.text()}`);
    await answer.body.dump();
  }
}
