import { receiverAddress, receiverHash, type BaseUrl } from './receiver-path.ts';
import type { SecretReading } from './receiver-secret.ts';
import type { DeclaredReceiver, Receiver, StatusEntry } from './receiver.ts';

/** What a status follows from, besides the config itself. */
export interface StatusFacts {
  /** What the store said of a receiver's secret. */
  readonly secretOf: (receiver: Receiver) => SecretReading;
  /** By hash: why the gateway lets no deliveries in for it. */
  readonly unrouted: ReadonlyMap<string, string>;
  readonly base: BaseUrl;
  readonly now: Date;
}

/** Why a receiver is not ready: for programs as a condition's reason, for people in words. */
export interface ReadinessFault {
  readonly reason:
    | 'SecretMissing'
    | 'SecretUnreadable'
    | 'SecretEmpty'
    | 'SecretMalformed'
    | 'ReceiverInvalid'
    | 'RouteMissing';
  readonly message: string;
}

/** How a declared Bitbucket receiver stands. */
export interface Readiness {
  readonly name: string;
  /** What the status list should hold for it; `standing` where nothing is known against what it holds already. */
  readonly entry: StatusEntry | 'standing' | 'none';
  readonly fault?: ReadinessFault;
}

/** Tells how a receiver stands. */
export function judgeReadiness(
  declared: Exclude<DeclaredReceiver, { kind: 'other' }>,
  facts: StatusFacts,
): Readiness {
  const { name } = declared;
  const faulty = (
    entry: Readiness['entry'],
    reason: ReadinessFault['reason'],
    message: string,
  ): Readiness => ({
    name,
    entry,
    fault: { reason, message: `receiver "${name}": ${message}` },
  });
  if (declared.kind === 'unusable') return faulty('none', 'ReceiverInvalid', declared.reason);
  const reading = facts.secretOf(declared.receiver);
  if (reading.kind === 'fault') {
    return reading.fault === 'missing'
      ? faulty('none', 'SecretMissing', reading.reason)
      : faulty('standing', 'SecretUnreadable', reading.reason);
  }
  const { current } = reading.versions;
  if (current.kind === 'unusable') {
    const reason = current.fault === 'empty' ? 'SecretEmpty' : 'SecretMalformed';
    return faulty('none', reason, `its secret cannot be used: ${current.reason}`);
  }
  const hash = receiverHash(declared.receiver.project, name, current.value);
  const entry = { name, ...receiverAddress(facts.base, hash) };
  const noRoute = facts.unrouted.get(hash);
  return noRoute === undefined
    ? { name, entry }
    : faulty('standing', 'RouteMissing', `the gateway has no route for it: ${noRoute}`);
}
