import { hashInPath, receiverHash } from './receiver-path.ts';
import { acceptedSecrets, type AcceptedSecret, type SecretReading } from './receiver-secret.ts';
import { receiverKey, usableReceivers, type Receiver, type ReceiverConfig } from './receiver.ts';

/** The hashes under which a receiver's deliveries are accepted. */
export interface ReceiverHashes {
  readonly receiver: Receiver;
  /** By the current secret; undefined where that cannot be used. */
  readonly current: string | undefined;
  /** By the previous secret while the grace of a rotation lasts. */
  readonly previous: string | undefined;
  /** In the status list, which keeps the one that serves until its successor has a route. */
  readonly published?: string | undefined;
}

/**
 * Computes the hashes of every receiver that is served. A receiver whose secret is missing has none, and so has one whose secret
 * cannot be read: its hashes are unknown at the moment.
 */
export function receiverHashes(
  configs: readonly ReceiverConfig[],
  secretOf: (receiver: Receiver) => SecretReading,
  now: Date,
  graceMs: number,
): ReceiverHashes[] {
  const withConfig = configs.flatMap((config) =>
    usableReceivers(config).map((receiver) => ({ config, receiver })),
  );
  return withConfig.map(({ config, receiver }) => {
    const reading = secretOf(receiver);
    const entry = config.status.webhookReceivers.find(({ name }) => name === receiver.name);
    const published = hashInPath(entry?.path ?? '');
    if (reading.kind === 'fault') return { receiver, current: undefined, previous: undefined, published };
    const accepted = acceptedSecrets(reading.versions, now, graceMs);
    const hashOf = (secret: AcceptedSecret | undefined): string | undefined =>
      secret && receiverHash(receiver.project, receiver.name, secret.value);
    const isPrevious = ({ validUntil }: AcceptedSecret): boolean => validUntil !== undefined;
    const current = hashOf(accepted.find((secret) => !isPrevious(secret)));
    return { receiver, current, previous: hashOf(accepted.find(isPrevious)), published };
  });
}

/** Collects every hash under which deliveries are accepted. */
export function liveHashes(hashes: readonly ReceiverHashes[]): Set<string> {
  const all = hashes.flatMap(({ current, previous }) => [current, previous]);
  return new Set(all.filter((hash) => hash !== undefined));
}

/**
 * Lists the hashes that need a route and have none, in the order in which routes are added until the quota is used up:
 * rotations first, because their receivers are in use and the previous route ends with the grace, or has just ended; then receivers
 * without any route; then previous secrets whose current one has a route. Within each of these the project with the fewest routes comes first,
 * so that no project uses up the quota for the others.
 */
export function orderMissingRoutes(hashes: readonly ReceiverHashes[], routed: ReadonlySet<string>): string[] {
  const routesOf = new Map<string, number>();
  const countRoute = (project: string): number => {
    const count = routesOf.get(project) ?? 0;
    routesOf.set(project, count + 1);
    return count;
  };
  const hasRoute = (hash: string | undefined): boolean => hash !== undefined && routed.has(hash);
  for (const { receiver, current, previous } of hashes)
    for (const hash of [current, previous]) if (hasRoute(hash)) countRoute(receiver.project);

  const classes: { readonly project: string; readonly hash: string }[][] = [[], [], []];
  for (const { receiver, current, previous, published } of hashes) {
    const { project } = receiver;
    const isRotation = hasRoute(previous) || hasRoute(published);
    if (current !== undefined && !hasRoute(current))
      classes[isRotation ? 0 : 1]?.push({ project, hash: current });
    if (previous !== undefined && !hasRoute(previous)) classes[2]?.push({ project, hash: previous });
  }
  const ordered = classes.flatMap((members) =>
    members
      .map(({ project, hash }) => ({ hash, rank: countRoute(project) }))
      .toSorted((one, other) => one.rank - other.rank)
      .map(({ hash }) => hash),
  );
  return [...new Set(ordered)];
}

/** Indexes the hashes in the status lists by the receivers whose entries hold them (see `receiverKey`). */
export function publishedHashes(configs: readonly ReceiverConfig[]): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const { namespace, status } of configs) {
    for (const { name = '', path = '' } of status.webhookReceivers) {
      const hash = hashInPath(path);
      if (hash === undefined) continue;
      const keys = owners.get(hash) ?? [];
      keys.push(receiverKey(namespace, name));
      owners.set(hash, keys);
    }
  }
  return owners;
}
