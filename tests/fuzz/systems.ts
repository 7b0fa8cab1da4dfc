import { randomUUID } from 'node:crypto';
import { answerApiRequest, type KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { ObjectStore } from '../../local/fakes/kubernetes/object-store.ts';
import { RESOURCE_KINDS } from '../../local/fakes/kubernetes/resource-kinds.ts';
import {
  startFakeServer,
  type FakeRequest,
  type FakeResponse,
  type LoopbackServer,
} from '../../local/fakes/loopback-server.ts';
import { startFakeSecretsManager } from '../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { namespace } from '../support/kargo-objects.ts';
import { SecretClient } from '../support/secret-client.ts';
import type { Disturbance } from './delivery.ts';
import type { ObservedWrite } from './oracle.ts';
import { SECRETS } from './world.ts';

/** The fakes of the cluster and of Secrets Manager. */
export class Systems {
  /** How the cluster answers; undefined while it answers as it is. */
  disturbance: Disturbance | undefined;
  #store = new ObjectStore();
  #writes: ObservedWrite[] = [];
  #requests = 0;
  #cluster: LoopbackServer | undefined;
  #secrets: LoopbackServer | undefined;

  /** Starts both. Returns their addresses. */
  async start(): Promise<{ cluster: string; secrets: string }> {
    this.#cluster = await startFakeServer(0, (request) => this.#respond(request));
    const first = Object.entries(SECRETS).map(([name, { versions }]) => [name, versions[0] ?? '']);
    this.#secrets = await startFakeSecretsManager({ port: 0, secrets: Object.fromEntries(first) });
    const client = new SecretClient(this.#secrets.url);
    for (const [name, { versions }] of Object.entries(SECRETS))
      for (const version of versions.slice(1)) await client.rotate(name, version);
    client.close();
    return { cluster: this.#cluster.url, secrets: this.#secrets.url };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#cluster?.close(), this.#secrets?.close()]);
  }

  /**
   * Replaces all objects of the cluster. They are stored as they are, whatever the definitions say. The namespace of the lookup index is
   * there, so that it is used where the reconciler has run.
   */
  fill(objects: readonly KubernetesObject[] = []): void {
    this.#store = new ObjectStore();
    this.#requests = 0;
    for (const object of [namespace('kargo-front-door'), ...objects]) {
      const kind = RESOURCE_KINDS.find((one) => one.kind === object.kind);
      if (kind === undefined) throw new Error(`the fake does not serve ${object.kind}`);
      const metadata = { ...object.metadata, uid: randomUUID(), generation: 1 };
      this.#store.put(kind, { ...object, metadata });
    }
  }

  /** Returns the writes to the cluster since the last time. */
  takeWrites(): readonly ObservedWrite[] {
    const taken = this.#writes;
    this.#writes = [];
    return taken;
  }

  #respond(request: FakeRequest): FakeResponse {
    const answer = this.#disturb(request) ?? answerApiRequest(this.#store, request);
    const { method, path, body } = request;
    if (method !== 'GET') this.#writes.push({ method, path, body, status: answer.status });
    return answer;
  }

  #disturb({ method }: FakeRequest): FakeResponse | undefined {
    if (this.disturbance?.method !== method) return undefined;
    this.#requests += 1;
    const { every, status, text } = this.disturbance;
    if (this.#requests % every !== 0) return undefined;
    // No wait before the next attempt.
    return { status, type: 'application/json', text, headers: { 'retry-after': '0' } };
  }
}
