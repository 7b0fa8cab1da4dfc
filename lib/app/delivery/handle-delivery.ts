import type { Outcome } from '../../core/delivery/answer.ts';
import type { BitbucketEvent } from '../../core/bitbucket/event.ts';
import { isSignedWith, judgeProven, judgeUnproven, type Delivery } from '../../core/delivery/delivery.ts';
import type { LiveReceiver, ReceiverDirectory } from './receiver-directory.ts';
import { refreshAffected, type RefreshDeps } from '../targets/kargo/refresh-affected.ts';
import { RetryableError } from '../errors.ts';

/** What may be told to a caller who has not signed: not who is away. */
const CANNOT_TELL = 'temporarily unavailable';

/** Names of refs or objects in one line of the log. */
const MAX_LOGGED_NAMES = 50;

export interface DeliveryDeps extends RefreshDeps {
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
  deps: DeliveryDeps,
  hash: string | undefined,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  if (hash === undefined) return { outcome: { kind: 'unknown-receiver' }, about: {} };
  const admission = await admit(deps.directory, hash, delivery, signal);
  if (admission.kind === 'turned-away') return admission.handled;
  const judgement = judgeProven(delivery);
  if (judgement.kind === 'answer') {
    return { outcome: judgement.outcome, about: describeReceiver(admission.live) };
  }
  return act(deps, admission.live, judgement.event, signal);
}

type Admission =
  | { readonly kind: 'admitted'; readonly live: LiveReceiver }
  | { readonly kind: 'turned-away'; readonly handled: HandledDelivery };

/** Finds the receiver and has the sender prove itself. Until that is done, nothing is told of what is away. */
async function admit(
  directory: ReceiverDirectory,
  hash: string,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Admission> {
  const turnAway = (handled: HandledDelivery): Admission => ({ kind: 'turned-away', handled });
  let about: HandledDelivery['about'] = {};
  try {
    const live = await directory.find(hash, signal);
    if (live === undefined) return turnAway({ outcome: { kind: 'unknown-receiver' }, about });
    about = describeReceiver(live);
    const unproven = judgeUnproven(delivery);
    if (unproven !== undefined) return turnAway({ outcome: unproven, about });
    const isProven = await proves(directory, hash, live, delivery, signal);
    return isProven ? { kind: 'admitted', live } : turnAway({ outcome: { kind: 'unauthorized' }, about });
  } catch (error) {
    return turnAway(unavailable(error, about, CANNOT_TELL));
  }
}

/** Tells whether the signature verifies, after one fresh read of the secret where it did not at first. */
async function proves(
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
  deps: DeliveryDeps,
  live: LiveReceiver,
  event: BitbucketEvent,
  signal: AbortSignal,
): Promise<HandledDelivery> {
  const about = { ...describeReceiver(live), ...describeEvent(event) };
  try {
    const { kind, refreshed } = await refreshAffected(deps, event, live.receiver.project, signal);
    return {
      outcome: { kind: 'refreshed', target: kind, count: refreshed.length },
      about: { ...about, refreshed: shortList(refreshed) },
    };
  } catch (error) {
    return unavailable(error, about);
  }
}

/** Gives the outcome of trouble outside, in the words of `reason` or of the trouble itself. Raises what is a mistake of ours. */
function unavailable(error: unknown, about: HandledDelivery['about'], reason?: string): HandledDelivery {
  if (!(error instanceof RetryableError)) throw error;
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
