import { createHash, randomUUID } from 'node:crypto';

/** Attributes of a message as its sender sets them, by name. */
export type MessageAttributes = Readonly<
  Record<string, { readonly DataType: string; readonly StringValue: string }>
>;

/** A message as it is received. */
export interface Received {
  readonly id: string;
  /** Of this receipt; an earlier one of the same message is void. */
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes: MessageAttributes;
  /** Times are in milliseconds. */
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receiveCount: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly sentAt: number;
  readonly receiveCount: number;
  readonly firstReceivedAt: number;
  readonly receiptHandle: string;
  /** It is received from this time on. */
  readonly visibleAt: number;
}

export interface QueueOptions {
  readonly name: string;
  readonly visibilityTimeoutSeconds?: number;
  /** Where a message goes that was received more often than this, instead of being received once more. */
  readonly redrive?: { readonly deadLetterQueue: MessageQueue; readonly maxReceiveCount: number };
}

const DEFAULT_VISIBILITY_TIMEOUT_SECONDS = 30;

/** A standard queue of SQS: received messages are hidden until their visibility timeout, and a receipt handle is good for one receipt. */
export class MessageQueue {
  readonly name: string;
  readonly visibilityTimeoutSeconds: number;
  readonly redrive: QueueOptions['redrive'];
  /** By id, the oldest first. */
  readonly #messages = new Map<string, Message>();

  constructor({ name, visibilityTimeoutSeconds, redrive }: QueueOptions) {
    this.name = name;
    this.visibilityTimeoutSeconds = visibilityTimeoutSeconds ?? DEFAULT_VISIBILITY_TIMEOUT_SECONDS;
    this.redrive = redrive;
  }

  send(body: string, attributes: MessageAttributes, delaySeconds: number): { id: string; md5: string } {
    const now = Date.now();
    const id = randomUUID();
    this.#messages.set(id, {
      id,
      body,
      attributes,
      sentAt: now,
      receiveCount: 0,
      firstReceivedAt: 0,
      receiptHandle: '',
      visibleAt: now + delaySeconds * 1_000,
    });
    return { id, md5: md5Of(body) };
  }

  /** Receives visible messages. Those that were received too often go to the dead-letter queue. */
  receive(max: number, visibilityTimeoutSeconds = this.visibilityTimeoutSeconds): Received[] {
    const now = Date.now();
    const received: Received[] = [];
    for (const message of this.#messages.values()) {
      if (received.length === max) break;
      if (message.visibleAt > now) continue;
      if (this.redrive !== undefined && message.receiveCount >= this.redrive.maxReceiveCount) {
        this.#messages.delete(message.id);
        this.redrive.deadLetterQueue.#messages.set(message.id, { ...message, receiveCount: 0 });
        continue;
      }
      const taken = {
        ...message,
        receiveCount: message.receiveCount + 1,
        firstReceivedAt: message.firstReceivedAt || now,
        receiptHandle: `${message.id}/${randomUUID()}`,
        visibleAt: now + visibilityTimeoutSeconds * 1_000,
      };
      this.#messages.set(message.id, taken);
      received.push({ ...taken, md5: md5Of(message.body) });
    }
    return received;
  }

  /** Deletes the message; with a receipt handle that is void, nothing. */
  delete(receiptHandle: string): void {
    const message = this.#find(receiptHandle);
    if (message !== undefined) this.#messages.delete(message.id);
  }

  /** Hides a received message for this long from now on. Returns whether it was hidden, by this receipt. */
  changeVisibility(receiptHandle: string, seconds: number): boolean {
    const now = Date.now();
    const message = this.#find(receiptHandle);
    if (message === undefined || message.visibleAt <= now) return false;
    this.#messages.set(message.id, { ...message, visibleAt: now + seconds * 1_000 });
    return true;
  }

  /** Counts the messages that can be received, that were received and are hidden, and that are delayed since they were sent. */
  count(): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    const now = Date.now();
    const all = [...this.#messages.values()];
    const hidden = all.filter(({ visibleAt }) => visibleAt > now);
    const inFlight = hidden.filter(({ receiveCount }) => receiveCount > 0).length;
    return { visible: all.length - hidden.length, inFlight, delayed: hidden.length - inFlight };
  }

  #find(receiptHandle: string): Message | undefined {
    return [...this.#messages.values()].find((message) => message.receiptHandle === receiptHandle);
  }
}

function md5Of(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
