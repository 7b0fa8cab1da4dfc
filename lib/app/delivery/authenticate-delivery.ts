import { checkUnverified, isSignedWith, type Delivery } from '../../core/delivery/delivery.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Outcome } from './outcome.ts';
import type { LiveReceiver, ReceiverDirectory } from './receiver-directory.ts';

/** Reason for unauthenticated callers, who must not learn which dependency fails. */
const UNAVAILABLE = 'temporarily unavailable';

/** The receiver of a verified delivery, or the outcome of a rejected one. */
export type Authentication =
  | { readonly kind: 'verified'; readonly receiver: Receiver }
  | {
      readonly kind: 'rejected';
      readonly outcome: Outcome;
      /** Undefined where no receiver has this path, or none could be looked up. */
      readonly receiver?: Receiver | undefined;
      /** The failure of a dependency, for the log. */
      readonly error?: RetryableError;
    };

/**
 * Finds the receiver of a path and verifies the delivery's signature with its secrets.
 *
 * A signature that does not verify causes one rate-limited refetch of the secret, which may have been replaced since it was cached.
 */
export async function authenticateDelivery(
  directory: ReceiverDirectory,
  hash: string,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Authentication> {
  let receiver: Receiver | undefined;
  try {
    const live = await directory.find(hash, signal);
    if (live === undefined) return { kind: 'rejected', outcome: { kind: 'unknown-receiver' } };
    receiver = live.receiver;
    const outcome = checkUnverified(delivery) ?? (await verify(directory, hash, live, delivery, signal));
    return outcome === undefined ? { kind: 'verified', receiver } : { kind: 'rejected', outcome, receiver };
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const outcome: Outcome = { kind: 'unavailable', reason: UNAVAILABLE, results: [] };
    return { kind: 'rejected', outcome, receiver, error };
  }
}

/** Returns undefined where the signature verifies. */
async function verify(
  directory: ReceiverDirectory,
  hash: string,
  live: LiveReceiver,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  if (isSignedWith(delivery, live.secrets)) return undefined;
  const refetched = await directory.refetch(hash, live, signal);
  if (refetched !== undefined && isSignedWith(delivery, refetched.secrets)) return undefined;
  return { kind: 'unauthorized' };
}
