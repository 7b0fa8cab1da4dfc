import { checkUnverified, type Delivery } from '../../core/delivery/delivery.ts';
import { verifiesSignature } from '../../core/delivery/signature.ts';
import type { Endpoint } from '../../core/delivery/endpoint.ts';
import type { AcceptedSecret } from '../../core/kargo/receiver-secret.ts';
import type { Receiver } from '../../core/kargo/receiver.ts';
import { RetryableError } from '../errors.ts';
import type { Outcome } from './outcome.ts';
import type { LiveReceiver, ReceiverDirectory } from './receiver-directory.ts';
import type { RegistryWebhook } from './registry-webhook.ts';

/** Reason for unauthenticated callers, who must not learn which dependency fails. */
const UNAVAILABLE = 'temporarily unavailable';

export interface AuthenticationDeps {
  /** Undefined in a deployment without a cluster. */
  readonly directory: ReceiverDirectory | undefined;
  /** Undefined in a deployment without a package registry. */
  readonly registryWebhook: RegistryWebhook | undefined;
}

/** How a delivery uses the previous secret of its receiver. After the grace, such a delivery is rejected. */
export interface PreviousSecretUse {
  readonly for: readonly ('url' | 'signature')[];
  readonly validUntil: Date;
}

/** A verified delivery, or the outcome of a rejected one. */
export type Authentication =
  | {
      readonly kind: 'verified';
      /** Undefined for the webhook of the package registry. */
      readonly receiver: Receiver | undefined;
      /** False where deliveries are accepted unsigned. */
      readonly isSigned: boolean;
      /** Undefined where the delivery uses the current secret only, or none. */
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

/** The secrets that verify the deliveries to an endpoint. `receiver` and `pathSecret` are undefined for the package registry. */
type EndpointSecrets = Pick<LiveReceiver, 'secrets'> & Partial<Pick<LiveReceiver, 'receiver' | 'pathSecret'>>;

/** What is needed to verify the deliveries to one endpoint. */
interface Verification {
  readonly receiver: Receiver | undefined;
  /** False where deliveries are accepted unsigned. */
  readonly isSigned: boolean;
  readonly cached: () => Promise<EndpointSecrets>;
  /** Reads the secrets past the cache; undefined where that was done a moment ago. */
  readonly refetched: () => Promise<EndpointSecrets | undefined>;
}

/**
 * Finds whose endpoint it is and verifies the delivery's signature with the secrets of that.
 *
 * A signature that does not verify causes one rate-limited refetch of the secret, which may have been replaced since it was cached.
 */
export async function authenticateDelivery(
  deps: AuthenticationDeps,
  endpoint: Endpoint,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Authentication> {
  let receiver: Receiver | undefined;
  try {
    const verification = await findVerification(deps, endpoint, signal);
    if (verification === undefined) return { kind: 'rejected', outcome: { kind: 'unknown-receiver' } };
    ({ receiver } = verification);
    const unverified = checkUnverified(delivery, verification.isSigned);
    if (unverified !== undefined) return { kind: 'rejected', outcome: unverified, receiver };
    return await verify(verification, delivery);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    const outcome: Outcome = { kind: 'unavailable', reason: UNAVAILABLE, results: [] };
    return { kind: 'rejected', outcome, receiver, error };
  }
}

/** Returns undefined where no receiver and no target has the endpoint. */
async function findVerification(
  { directory, registryWebhook }: AuthenticationDeps,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Verification | undefined> {
  switch (endpoint.kind) {
    case 'receiver': {
      const { hash } = endpoint;
      const live = await directory?.find(hash, signal);
      if (directory === undefined || live === undefined) return undefined;
      return {
        receiver: live.receiver,
        isSigned: true,
        cached: () => Promise.resolve(live),
        refetched: () => directory.refetch(hash, live, signal),
      };
    }
    case 'registry':
      return (
        registryWebhook && {
          receiver: undefined,
          isSigned: registryWebhook.isSigned,
          cached: async () => ({ secrets: await registryWebhook.secrets(signal) }),
          refetched: async () => ({ secrets: await registryWebhook.refetch(signal) }),
        }
      );
    default:
      return endpoint satisfies never;
  }
}

async function verify(
  { receiver, isSigned, cached, refetched }: Verification,
  delivery: Delivery,
): Promise<Authentication> {
  if (!isSigned) return { kind: 'verified', receiver, isSigned: false };
  return (
    verifyWith(await cached(), delivery) ??
    verifyWith(await refetched(), delivery) ?? {
      kind: 'rejected',
      outcome: { kind: 'unauthorized' },
      receiver,
    }
  );
}

/** Returns undefined where no secret verifies the signature. Tries each, so that the time taken does not show which one does. */
function verifyWith(
  found: EndpointSecrets | undefined,
  { signature = '', body }: Delivery,
): Authentication | undefined {
  const { receiver, secrets = [], pathSecret } = found ?? {};
  const [signing] = secrets.filter(({ value }) => verifiesSignature(signature, body, value));
  if (signing === undefined) return undefined;
  return { kind: 'verified', receiver, isSigned: true, previousSecret: findPreviousUse(pathSecret, signing) };
}

/** Returns undefined where both secrets are current. */
function findPreviousUse(
  url: AcceptedSecret | undefined,
  signature: AcceptedSecret,
): PreviousSecretUse | undefined {
  const validUntil = url?.validUntil ?? signature.validUntil;
  if (validUntil === undefined) return undefined;
  const uses = Object.entries({ url, signature } as const).filter(
    ([, secret]) => secret?.validUntil !== undefined,
  );
  return { for: uses.map(([use]) => use as 'url' | 'signature'), validUntil };
}
