import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSBatchResponse } from 'aws-lambda';
import type { MessageQueue } from '../../local/fakes/sqs/message-queue.ts';
import { toSqsEvent } from '../support/retry-queue.ts';
import { Environment } from './environment.ts';

/** The minimum of Lambda's poller. */
const CONCURRENCY = 2;

const BATCH_SIZE = 10;

/** Waiting time where the queue is empty. */
const IDLE_MS = 200;

/** Receives messages and invokes the redelivery function, as Lambda does: what is not reported as failed is deleted. */
export class RedeliveryPollers {
  readonly #queue: MessageQueue;
  readonly #environments: readonly Environment[];
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] = [];
  /** Whether nothing is received, as by an event source mapping that is disabled. */
  isPaused = false;

  constructor(queue: MessageQueue, settings: Readonly<Record<string, string>>, logs: string[]) {
    this.#queue = queue;
    this.#environments = Array.from(
      { length: CONCURRENCY },
      () => new Environment('redelivery', settings, logs),
    );
  }

  start(): void {
    this.#loops = this.#environments.map((environment) => this.#poll(environment));
  }

  /** Kills an environment that is handling a batch. Returns whether there was one. */
  killOne(): boolean {
    const busy = this.#environments.find(({ isBusy }) => isBusy);
    busy?.kill();
    return busy !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const environment of this.#environments) environment.kill();
    await Promise.all(this.#loops);
  }

  async #poll(environment: Environment): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const received = this.isPaused ? [] : this.#queue.receive(BATCH_SIZE);
      if (received.length === 0) await sleep(IDLE_MS);
      else {
        const failed = await environment.invoke(toSqsEvent(received)).then(
          (result) =>
            (result as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
          // Every message of a batch whose function fails is received again.
          () => received.map(({ id }) => id),
        );
        for (const { id, receiptHandle } of received)
          if (!failed.includes(id)) this.#queue.delete(receiptHandle);
      }
    }
  }
}
