import { checkUnverified, isSignedWith, type Delivery } from '../../core/delivery/delivery.ts';
import type { AcceptedSecret } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Outcome } from './outcome.ts';
import type { LiveReceiver, ReceiverDirectory } from './receiver-directory.ts';

/** Reason for unauthenticated callers, who must not learn which dependency fails. */
const UNAVAILABLE = 'temporarily unavailable';

/** How a delivery uses the previous secret of its receiver. After the grace, such a delivery is rejected. */
export interface PreviousSecretUse {
  readonly for: readonly ('url' | 'signature')[];
  readonly validUntil: Date;
}

/** The receiver of a verified delivery, or the outcome of a rejected one. */
export type Authentication =
  | {
      readonly kind: 'verified';
      readonly receiver: Receiver;
      /** Undefined where the delivery uses the current secret only. */
      readonly previousSecret?: PreviousSecretUse | undefined;
    }
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
    const unverified = checkUnverified(delivery);
    if (unverified !== undefined) return { kind: 'rejected', outcome: unverified, receiver };
    return await verify(directory, hash, live, delivery, signal);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const outcome: Outcome = { kind: 'unavailable', reason: UNAVAILABLE, results: [] };
    return { kind: 'rejected', outcome, receiver, error };
  }
}

async function verify(
  directory: ReceiverDirectory,
  hash: string,
  live: LiveReceiver,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Authentication> {
  const { receiver } = live;
  const cached = verifyWith(live, delivery);
  if (cached !== undefined) return cached;
  const refetched = await directory.refetch(hash, live, signal);
  const verified = refetched && verifyWith(refetched, delivery);
  return verified ?? { kind: 'rejected', outcome: { kind: 'unauthorized' }, receiver };
}

/** Returns undefined where no secret verifies the signature. Tries each, so that the time taken does not show which one does. */
function verifyWith(
  { receiver, secrets, pathSecret }: LiveReceiver,
  delivery: Delivery,
): Authentication | undefined {
  const [signing] = secrets.filter(({ value }) => isSignedWith(delivery, [value]));
  if (signing === undefined) return undefined;
  return { kind: 'verified', receiver, previousSecret: describeUse(pathSecret, signing) };
}

function describeUse(url: AcceptedSecret, signature: AcceptedSecret): PreviousSecretUse | undefined {
  const validUntil = url.validUntil ?? signature.validUntil;
  if (validUntil === undefined) return undefined;
  const uses = Object.entries({ url, signature } as const).filter(
    ([, secret]) => secret.validUntil !== undefined,
  );
  return { for: uses.map(([use]) => use as 'url' | 'signature'), validUntil };
}
