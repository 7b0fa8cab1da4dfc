import { startFakeRegistry } from '../../local/fakes/registry/fake-registry.ts';
import { startFakeSqs } from '../../local/fakes/sqs/fake-sqs.ts';
import { MessageQueue } from '../../local/fakes/sqs/message-queue.ts';
import type { ApiTarget } from '../cluster/api-client.ts';
import { LoopbackProxy } from '../support/loopback-proxy.ts';

/** Instead of the 180 s of a deployment: a message whose function was killed is received again after this time. */
const VISIBILITY_TIMEOUT_SECONDS = 5;

/** More than any message reaches: its end would be that of the test. */
const MAX_RECEIVE_COUNT = 1_000;

/** Packages in the registry, each with a repository of its own. */
export const PACKAGES = 120;

/** No scenario is about the registry's rate limit. */
const REQUESTS_PER_MINUTE = 100_000;

export const packageOf = (index: number): string => `acme/package-${index}`;

/** A queue that keeps every text that it has taken. */
export class RecordingQueue extends MessageQueue {
  readonly texts: string[] = [];

  override send(...message: Parameters<MessageQueue['send']>): ReturnType<MessageQueue['send']> {
    this.texts.push(message[0]);
    return super.send(...message);
  }
}

/** The systems around the functions but the cluster, with proxies for faults. */
export interface Fakes {
  readonly cluster: LoopbackProxy;
  readonly queueProxy: LoopbackProxy;
  readonly registryProxy: LoopbackProxy;
  readonly queue: RecordingQueue;
  readonly deadLetters: MessageQueue;
  /** Of the queue, by its proxy. */
  readonly queueUrl: string;
  /** When each package was synced last, by name. */
  readonly syncedAt: ReadonlyMap<string, Date>;
  stop(): Promise<void>;
}

/** Starts a queue, a package registry, and a proxy in front of each and of the cluster API. */
export async function startFakes(api: ApiTarget, registryToken: string): Promise<Fakes> {
  const deadLetters = new MessageQueue({ name: 'retries-dead' });
  const queue = new RecordingQueue({
    name: 'retries',
    visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS,
    redrive: { deadLetterQueue: deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
  });
  const syncedAt = new Map<string, Date>();
  const sqs = await startFakeSqs({ port: 0, queues: [queue, deadLetters] });
  const registry = await startFakeRegistry({
    port: 0,
    token: registryToken,
    requestsPerMinute: REQUESTS_PER_MINUTE,
    packages: Array.from({ length: PACKAGES }, (_, index) => ({
      name: packageOf(index),
      repository_url: `https://bitbucket.org/${packageOf(index)}.git`,
      type: 'bitbucket',
    })),
    onSync: (name) => syncedAt.set(name, new Date()),
  });
  const cluster = new LoopbackProxy(api.url, api.ca);
  const queueProxy = new LoopbackProxy(sqs.url);
  const registryProxy = new LoopbackProxy(registry.url);
  const proxies = [cluster, queueProxy, registryProxy];
  await Promise.all(proxies.map((proxy) => proxy.start()));
  return {
    cluster,
    queueProxy,
    registryProxy,
    queue,
    deadLetters,
    queueUrl: sqs.urlOf(queue).replace(sqs.url, queueProxy.url),
    syncedAt,
    stop: async () => {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await Promise.all([sqs.close(), registry.close()]);
    },
  };
}
