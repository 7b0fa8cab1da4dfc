import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { gatewayEvent, signatureOf } from '../support/deliver.ts';
import { cloudPush } from '../support/payloads.ts';
import type { Environment } from './environment.ts';

/** Part of every body, which no log line and no message may contain. */
export const MARKER = 'text-of-a-body-that-no-log-may-hold';

/** As Bitbucket Cloud does: two retries after an answer of 5xx. */
const MAX_ATTEMPTS = 3;

/** One push. */
export interface Push {
  readonly path: string;
  readonly repository: string;
  /** The Warehouses or packages that it affects, by name. */
  readonly affects: readonly string[];
  /** Signs it. */
  readonly secret: string;
}

/** A push that was sent, and its answer. */
export interface Sent extends Push {
  readonly sentAt: Date;
  /** Of the last attempt; 502 where the function threw, or was ended by its timeout. */
  readonly status: number;
  readonly signature: string;
  /** Time of the slowest attempt. */
  readonly answerMs: number;
}

/**
 * Sends pushes, each to an environment that is free, in their order.
 *
 * @param beforeSending - called before each, with its index, while others are being handled
 */
export async function sendPushes(
  environments: readonly Environment[],
  pushes: readonly Push[],
  beforeSending: (index: number) => Promise<void> | void = () => undefined,
): Promise<Sent[]> {
  const free = [...environments];
  const busy = new Set<Promise<void>>();
  const sent: Sent[] = [];
  for (const [index, push] of pushes.entries()) {
    await beforeSending(index);
    while (free.length === 0) await Promise.race(busy);
    const environment = free.pop() as Environment;
    const handled = send(environment, push).then((result) => {
      sent.push(result);
      free.push(environment);
      busy.delete(handled);
    });
    busy.add(handled);
  }
  await Promise.all(busy);
  return sent;
}

async function send(environment: Environment, push: Push): Promise<Sent> {
  const body = JSON.stringify({ ...cloudPush(push.repository), description: MARKER });
  const signature = signatureOf(body, push.secret);
  const event = gatewayEvent({ path: push.path, body, signature });
  const sentAt = new Date();
  let [status, answerMs] = [0, 0];
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && (status === 0 || status >= 500); attempt += 1) {
    const startMs = performance.now();
    status = await environment.invoke(event).then(
      (result) => (result as APIGatewayProxyStructuredResultV2).statusCode ?? 502,
      () => 502,
    );
    answerMs = Math.max(answerMs, performance.now() - startMs);
  }
  return { ...push, sentAt, status, signature, answerMs };
}
