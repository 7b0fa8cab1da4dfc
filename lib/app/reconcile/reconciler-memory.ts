import type { ReceiverHashes } from '../../core/kargo/receiver-hashes.ts';
import { publisherOf, type Readiness } from '../../core/kargo/receiver-readiness.ts';
import type { BaseUrl } from '../../core/kargo/receiver-path.ts';
import {
  receiverKey,
  usableReceivers,
  type Receiver,
  type ReceiverConfig,
} from '../../core/kargo/receiver.ts';

/**
 * Memory of one process between its runs, empty after a cold start. Without it, a run takes over a URL that another server has published
 * meanwhile, keeps more routes while a secret cannot be read, and logs no receiver as no longer ready.
 */
export class ReconcilerMemory {
  /** Receivers whose URL this process has published, or has found published under its own base. */
  readonly #publishedHere = new Set<string>();
  /** By receiver: whether it was ready in the last run. */
  readonly #wasReady = new Map<string, boolean>();
  /** By config: message of the condition that was written last. */
  readonly #messages = new Map<string, string>();
  /** By hash: the receivers that had it. */
  readonly #owners = new Map<string, Set<string>>();

  wasPublishedHere({ project, name }: Receiver): boolean {
    return this.#publishedHere.has(receiverKey(project, name));
  }

  /** Returns the message of the condition that was written last to this config. */
  lastMessageOf({ namespace, name }: ReceiverConfig): string | undefined {
    return this.#messages.get(receiverKey(namespace, name));
  }

  rememberMessage({ namespace, name }: ReceiverConfig, message: string): void {
    this.#messages.set(receiverKey(namespace, name), message);
  }

  /** Remembers the receivers that a status publishes under this base. */
  rememberPublished(config: ReceiverConfig, base: BaseUrl): void {
    for (const { project, name } of usableReceivers(config)) {
      const isHere = config.status.webhookReceivers.some(
        (entry) => entry.name === name && publisherOf(entry, base).kind === 'here',
      );
      if (isHere) this.#publishedHere.add(receiverKey(project, name));
    }
  }

  /**
   * Remembers the readiness of a receiver. One that is no longer served here may be taken over again later.
   *
   * @param isWritten - whether the status has the entry of this readiness
   * @returns whether the receiver was ready, or published, and now has a fault
   */
  rememberReadiness({ receiver, entry, fault }: Readiness, isWritten: boolean): boolean {
    if (receiver === undefined) return false;
    const key = receiverKey(receiver.project, receiver.name);
    const wasReady = this.#wasReady.get(key) ?? this.#publishedHere.has(key);
    this.#wasReady.set(key, fault === undefined);
    if (isWritten && typeof entry === 'object') this.#publishedHere.add(key);
    if (isWritten && entry === 'withdraw' && fault?.reason !== 'PublishedElsewhere') {
      this.#publishedHere.delete(key);
    }
    return wasReady && fault !== undefined;
  }

  /** Remembers the receivers of these hashes. */
  rememberHashes(hashes: readonly ReceiverHashes[]): void {
    for (const { receiver, current, previous } of hashes) {
      for (const hash of [current, previous]) {
        if (hash === undefined) continue;
        const owners = this.#owners.get(hash) ?? new Set();
        this.#owners.set(hash, owners.add(receiverKey(receiver.project, receiver.name)));
      }
    }
  }

  /** Returns the receivers (see `receiverKey`) that had this hash in this or an earlier run. */
  ownersOf(hash: string): readonly string[] {
    return [...(this.#owners.get(hash) ?? [])];
  }

  /** Forgets hashes and receivers that no longer exist, so that the memory does not grow. */
  forgetRemoved(hashes: ReadonlySet<string>, isDeclared: (key: string) => boolean): void {
    for (const hash of this.#owners.keys()) if (!hashes.has(hash)) this.#owners.delete(hash);
    for (const key of this.#publishedHere) if (!isDeclared(key)) this.#publishedHere.delete(key);
    for (const key of this.#wasReady.keys()) if (!isDeclared(key)) this.#wasReady.delete(key);
  }
}
