import { rfc3339 } from './condition.ts';
import {
  baseOfReceiverUrl,
  formatBaseUrl,
  hashInPath,
  isSameBase,
  receiverAddress,
  receiverHash,
  type BaseUrl,
} from './receiver-path.ts';
import { acceptedSecrets, describeWeakness, type SecretReading } from './receiver-secret.ts';
import type { DeclaredReceiver, Receiver, StatusEntry } from './receiver.ts';

/** Input of a status besides the config itself. */
export interface StatusFacts {
  readonly secretOf: (receiver: Receiver) => SecretReading;
  /** By hash: why its URL does not work yet, as sentences. It has no route, or the lookup index does not have it. */
  readonly unrouted: ReadonlyMap<string, string>;
  /** Whether this deployment is known to have published the receiver's URL before. */
  readonly wasPublishedHere: (receiver: Receiver) => boolean;
  /** Message of the condition that this deployment wrote last, where it is known. */
  readonly lastMessage?: string | undefined;
  readonly base: BaseUrl;
  /** How long the previous secret stays valid. */
  readonly graceMs: number;
  readonly now: Date;
}

/** Reason of the condition while receivers are not ready, by receiver. */
export type FaultReason =
  | 'SecretMissing'
  | 'SecretUnreadable'
  | 'SecretEmpty'
  | 'SecretMalformed'
  | 'ReceiverInvalid'
  | 'RouteMissing'
  /** Its secret is not in this Secrets Manager, and another server publishes it. */
  | 'NotServedHere'
  /** Its secret is in this Secrets Manager, and another server has taken over its URL. */
  | 'PublishedElsewhere'
  | 'TooManyReceivers';

/** Why a receiver is not ready: a reason for programs, and sentences for people. */
export interface ReadinessFault {
  readonly reason: FaultReason;
  readonly message: string;
}

/** State of a declared Bitbucket receiver. */
export interface Readiness {
  readonly name: string;
  /** Undefined where the declaration cannot be used. */
  readonly receiver: Receiver | undefined;
  /**
   * Planned entries of the status list: this one; the existing ones (`keep`); or the existing ones without those under our base
   * (`withdraw`).
   */
  readonly entry: StatusEntry | 'keep' | 'withdraw';
  readonly fault?: ReadinessFault;
  /** What is weak about a receiver that is ready, as sentences. */
  readonly warning?: string;
  /** What its owner must do until when, although it is ready. */
  readonly notice?: string;
  /** With a fault: base of the URL that another server publishes. */
  readonly otherBase?: string;
}

/** Who publishes a status entry: this deployment, or another server at `base`; or it holds no URL of a Bitbucket receiver. */
export type Publisher =
  | { readonly kind: 'here' }
  | { readonly kind: 'elsewhere'; readonly base: string }
  | { readonly kind: 'none' };

/** Identifies who publishes a status entry, by the base of its URL. */
export function publisherOf(entry: StatusEntry, base: BaseUrl): Publisher {
  const { path = '', url } = entry;
  if (typeof url !== 'string') {
    const hash = hashInPath(path);
    const isOurs = hash !== undefined && receiverAddress(base, hash).path === path;
    return { kind: isOurs ? 'here' : 'none' };
  }
  const found = baseOfReceiverUrl(url);
  if (found === undefined) return { kind: 'none' };
  return isSameBase(found, formatBaseUrl(base)) ? { kind: 'here' } : { kind: 'elsewhere', base: found };
}

/**
 * Judges whether a receiver is ready, and plans its entry in the status list.
 *
 * @param index - its place in `spec.webhookReceivers`
 * @param existing - status entries of its name
 */
export function judgeReadiness(
  declared: Extract<DeclaredReceiver, { kind: 'bitbucket' | 'unusable' }>,
  index: number,
  existing: readonly StatusEntry[],
  facts: StatusFacts,
): Readiness {
  const { name } = declared;
  const otherBase = existing
    .map((entry) => publisherOf(entry, facts.base))
    .find((publisher) => publisher.kind === 'elsewhere')?.base;
  const field = `spec.webhookReceivers[${index}].bitbucket.secretRef.name`;
  const faulty = (entry: 'keep' | 'withdraw', reason: FaultReason, message: string): Readiness => ({
    name,
    receiver: declared.kind === 'bitbucket' ? declared.receiver : undefined,
    entry,
    fault: { reason, message: `receiver "${name}": ${message}` },
    ...(otherBase === undefined ? {} : { otherBase }),
  });
  if (declared.kind === 'unusable') {
    return faulty('withdraw', 'ReceiverInvalid', `${declared.reason}. Correct ${field}.`);
  }
  const { receiver } = declared;
  const unserved = (reason: FaultReason, what: string, advice: string): Readiness => {
    if (otherBase === undefined) return faulty('withdraw', reason, `${what}. ${advice} or correct ${field}.`);
    const message = `not served here. ${what}. ${advice} to serve the receiver here; ${otherBase} stays published by another server.`;
    return faulty('withdraw', 'NotServedHere', message);
  };

  const reading = facts.secretOf(receiver);
  if (reading.kind === 'fault') {
    return reading.fault === 'missing'
      ? unserved('SecretMissing', reading.reason, 'Create it')
      : faulty(
          'keep',
          'SecretUnreadable',
          reading.isRetryable
            ? `${reading.reason}. It is read again every minute.`
            : `${reading.reason}. Check its resource policy and the policy of its KMS key; it is read again every minute.`,
        );
  }
  const secret = `Secret "${reading.secretId}"`;
  const { current } = reading.versions;
  if (current.kind === 'unusable') {
    const reason = current.fault === 'empty' ? 'SecretEmpty' : 'SecretMalformed';
    return unserved(reason, `${secret} ${current.reason}`, 'Store the HMAC secret in it');
  }
  const hash = receiverHash(receiver.project, name, current.value);
  if (otherBase !== undefined && facts.wasPublishedHere(receiver)) {
    const message =
      `another server publishes it at ${otherBase}, where ${formatBaseUrl(facts.base)} was published before. ` +
      'Its entry is kept. Let only one of the two serve the project (setting PROJECTS).';
    return faulty('withdraw', 'PublishedElsewhere', message);
  }
  const noRoute = facts.unrouted.get(hash);
  if (noRoute !== undefined) return faulty('keep', 'RouteMissing', noRoute);
  const weakness = describeWeakness(current.value);
  const accepted = acceptedSecrets(reading.versions, facts.now, facts.graceMs);
  const previousUntil = accepted.find(({ validUntil }) => validUntil !== undefined)?.validUntil;
  return {
    name,
    receiver,
    entry: { name, ...receiverAddress(facts.base, hash) },
    ...(previousUntil === undefined
      ? {}
      : {
          notice:
            `receiver "${name}": the previous secret and its URL are accepted until ${rfc3339(previousUntil)}. ` +
            'Enter the current ones in Bitbucket before.',
        }),
    ...(weakness === undefined
      ? {}
      : {
          warning: `receiver "${name}": ${secret} ${weakness}. Replace it with a random one of at least 32 characters.`,
        }),
  };
}
