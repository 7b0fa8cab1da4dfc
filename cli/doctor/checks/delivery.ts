import { createHmac, randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { receiverAddress } from '../../../lib/core/kargo/receiver-path.ts';
import { toResult, type Check, type Problem } from '../check.ts';
import { nameOf, type KnownReceiver } from '../installation.ts';

/** An event that nothing is done for. */
const EVENT = 'kargo-front-door:doctor';

/** Each is one delivery. More of them tell nothing new. */
const MAX_RECEIVERS = 20;
const CONCURRENCY = 4;

/** As long as Bitbucket Cloud waits. */
const TIMEOUT_MS = 10_000;

const ADVICE: Readonly<Record<number, string>> = {
  401: 'Another secret is in force than the one that was read. Wait 30 seconds, and check the account of these credentials.',
  403: 'Something before the API refuses it, such as a WAF. Exempt POST on /bitbucket/.',
  404: 'No route has this path. See the checks of routes and status URLs, and the mapping of the domain.',
  429: 'The gateway throttles. Run this again; if it stays, see Throttled deliveries in docs/operations.md.',
  500: 'Find the request id in the log of the receiver and report it.',
  503: 'The receiver cannot reach the cluster or Secrets Manager: its log says which, docs/troubleshooting.md what to do.',
};

/** A signed delivery through the public URL of each receiver is accepted. It refreshes nothing. */
export const deliveryCheck: Check = {
  name: 'delivery',
  async run(installation, signal) {
    const { base } = await installation.settings(signal);
    const receivers = (await installation.receivers(signal)).filter(
      ({ hashes }) => hashes.current !== undefined,
    );
    const tried = receivers.slice(0, MAX_RECEIVERS);
    const limit = pLimit(CONCURRENCY);
    const results = await Promise.all(
      tried.map((known) =>
        limit(() => tryDelivery(known, receiverAddress(base, known.hashes.current ?? '').url, signal)),
      ),
    );
    const more = receivers.length > tried.length ? ` of ${receivers.length} receivers` : '';
    return toResult(results.flat(), `${tried.length}${more} signed and accepted`);
  },
};

async function tryDelivery(
  { receiver, reading }: KnownReceiver,
  url: string,
  signal: AbortSignal,
): Promise<Problem[]> {
  const secret =
    reading.kind === 'found' && reading.versions.current.kind === 'secret'
      ? reading.versions.current.value
      : '';
  const body = '{}';
  const headers = {
    'content-type': 'application/json',
    'x-event-key': EVENT,
    'x-request-uuid': randomUUID(),
    'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url, { method: 'POST', body, headers, signal: timeout });
    const text = await response.text();
    if (response.status === 200 && text.includes(EVENT)) return [];
    const fact = `${nameOf(receiver)}: ${response.status} ${text.slice(0, 200)} from ${url}`;
    return [
      {
        fact,
        advice: ADVICE[response.status] ?? 'Something else than the receiver answers. Check the DNS record.',
      },
    ];
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const fact = `${nameOf(receiver)}: no answer from ${url}: ${cause instanceof Error ? cause.message : String(cause)}`;
    return [
      { fact, advice: 'Check the DNS record and the certificate of the domain, and RECEIVER_BASE_URL.' },
    ];
  }
}
