import type { Outcome } from '../core/answer.ts';
import type { BitbucketEvent } from '../core/bitbucket-event.ts';
import { isSignedWith, judgeProven, judgeUnproven, type Delivery } from '../core/delivery.ts';
import type { LiveReceiver, ReceiverDirectory } from './receiver-directory.ts';
import { refreshAffected, type RefreshParts } from './refresh-affected.ts';
import { Unavailable } from './unavailable.ts';

/** What may be told to a caller who has not signed: not who is away. */
const CANNOT_TELL = 'temporarily unavailable';

/** Names of refs or objects in one line of the log. */
const MAX_LOGGED_NAMES = 50;

export interface DeliveryParts extends RefreshParts {
  readonly directory: ReceiverDirectory;
}

/** What became of a delivery, and what the log should say of it: names only, never a body, a signature or a secret. */
export interface HandledDelivery {
  readonly outcome: Outcome;
  readonly about: Readonly<Record<string, unknown>>;
}

/**
 * Handles one delivery to the receiver with this hash: finds the receiver, checks the signature, reads the event, and refreshes what it
 * affects. Every way to end but a mistake of ours is an outcome. `signal` bounds the whole of it.
 */
export async function handleDelivery(
  parts: DeliveryParts,
  hash: string | undefined,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  let live: LiveReceiver | undefined;
  try {
    live = hash === undefined ? undefined : await parts.directory.find(hash, signal);
    if (hash === undefined || live === undefined) return { outcome: { kind: 'unknown-receiver' }, about: {} };
    const about = describeReceiver(live);
    const unproven = judgeUnproven(delivery);
    if (unproven !== undefined) return { outcome: unproven, about };
    if (!(await isProven(parts.directory, hash, live, delivery, signal)))
      return { outcome: { kind: 'unauthorized' }, about };
  } catch (error) {
    return unavailable(error, live === undefined ? {} : describeReceiver(live), CANNOT_TELL);
  }
  const judgement = judgeProven(delivery);
  if (judgement.kind === 'answer') return { outcome: judgement.outcome, about: describeReceiver(live) };
  return act(parts, live, judgement.event, signal);
}

async function isProven(
  directory: ReceiverDirectory,
  hash: string,
  live: LiveReceiver,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<boolean> {
  if (isSignedWith(delivery, live.secrets)) return true;
  const afresh = await directory.findAfresh(hash, live, signal);
  return afresh !== undefined && isSignedWith(delivery, afresh.secrets);
}

async function act(
  parts: DeliveryParts,
  live: LiveReceiver,
  event: BitbucketEvent,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  const about = { ...describeReceiver(live), ...describeEvent(event) };
  try {
    const { kind, refreshed } = await refreshAffected(parts, event, live.receiver.project, signal);
    return {
      outcome: { kind: 'refreshed', target: kind, count: refreshed.length },
      about: { ...about, refreshed },
    };
  } catch (error) {
    return unavailable(error, about);
  }
}

/** Gives the outcome of trouble outside, in the words of `reason` or of the trouble itself. Raises what is a mistake of ours. */
function unavailable(error: unknown, about: HandledDelivery['about'], reason?: string): HandledDelivery {
  if (!(error instanceof Unavailable)) throw error;
  return { outcome: { kind: 'unavailable', reason: reason ?? error.reason }, about: { ...about, error } };
}

function describeReceiver({ receiver }: LiveReceiver): Record<string, unknown> {
  return { receiver: receiver.name, project: receiver.project || '(cluster)' };
}

function describeEvent(event: BitbucketEvent): Record<string, unknown> {
  if (event.kind === 'pull-request-closed') return { pullRequest: event.url };
  return {
    repository: [...event.repository.addresses],
    refs: shortList(event.refs.map(({ kind, name }) => `${kind} ${name}`)),
  };
}

/** A sender may push any number of refs, and a line of the log is paid for by its length. */
function shortList(names: readonly string[]): readonly string[] {
  return names.length <= MAX_LOGGED_NAMES
    ? names
    : [...names.slice(0, MAX_LOGGED_NAMES), `and ${names.length - MAX_LOGGED_NAMES} more`];
}
