import { project, promotion, warehouse } from './kargo-objects.ts';
import { startTestQueue, type TestQueue } from './retry-queue.ts';
import { startTestbed, type Testbed } from './testbed.ts';

export const PULL_REQUEST = 'https://bitbucket.org/acme/shop/pull-requests/7';

const NOW = '2026-05-04T10:11:12.345Z';

/** A queued push to main of acme/shop. */
export const PUSH = {
  version: 1,
  target: 'kargo',
  event: {
    kind: 'push',
    addresses: ['bitbucket.org/acme/shop'],
    refs: [{ kind: 'branch', name: 'main' }],
  },
  project: 'demo',
  receiver: 'bb',
  reason: 'cluster API unreachable',
  since: NOW,
  queuedAt: NOW,
  requestUuid: 'a1b2',
};

/** A queued event of the closed pull request. */
export const CLOSED = { ...PUSH, event: { kind: 'pull-request-closed', url: PULL_REQUEST } };

/** A testbed with a retry queue. Two Warehouses of project `demo` subscribe to main, and a Promotion waits for the pull request. */
export interface RedeliveryTestbed extends Testbed {
  readonly retries: TestQueue;
  enqueue(...messages: readonly (object | string)[]): void;
  /** Receives the messages in the dead-letter queue. */
  takeDeadLetters(): { readonly reason: string | undefined; readonly body: string }[];
}

export async function startRedeliveryTestbed(): Promise<RedeliveryTestbed> {
  const testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'one'),
      warehouse('demo', 'two'),
      warehouse('demo', 'dev', { branch: 'dev' }),
      promotion('demo', 'waits', PULL_REQUEST),
      ...project('other'),
      warehouse('other', 'main'),
    ],
    settings: { LOG_LEVEL: 'INFO' },
  });
  const retries = await startTestQueue();
  return {
    ...testbed,
    retries,
    enqueue: (...messages) => {
      for (const message of messages)
        retries.queue.send(typeof message === 'string' ? message : JSON.stringify(message), {}, 0);
    },
    takeDeadLetters: () =>
      retries.deadLetters
        .receive(10)
        .map(({ attributes, body }) => ({ reason: attributes['reason']?.StringValue, body })),
    close: async () => {
      await retries.close();
      await testbed.close();
    },
  };
}
