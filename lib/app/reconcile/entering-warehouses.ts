import pLimit from 'p-limit';
import * as v from 'valibot';
import type { IndexNames } from '../../core/kargo/lookup-index/index-head.ts';
import { RetryableError, TerminalError } from '../errors.ts';
import { formatObjectName, type ObjectName } from '../../core/kargo/object-name.ts';
import type { Clock, Log, RefreshableObjects } from '../ports.ts';
import type { IndexWriter } from './index-writer.ts';
import type { KnownWarehouses } from './known-warehouses.ts';

/** Concurrent refreshes: few enough to leave the cluster API room for deliveries. */
const CONCURRENCY = 8;

/** Names that are stored. A ConfigMap holds 1 MiB, and a name has 318 characters at most. */
const MAX_STORED_NAMES = 3_000;

const stored = v.object({ all: v.boolean(), names: v.array(v.tuple([v.string(), v.string()])) });

/** Reads the Warehouses that earlier runs have left to refresh. */
export async function readEntering(
  store: IndexWriter,
  { entering }: IndexNames,
  known: KnownWarehouses,
  signal: AbortSignal,
): Promise<void> {
  const content = await store.readPiece(entering, signal);
  if (!v.is(stored, content)) return;
  if (content.all) known.addAllEntering();
  else known.addEntering(content.names.map(([namespace, name]) => ({ namespace, name, uid: '' })));
}

/** Stores which Warehouses are left to refresh. */
export async function writeEntering(
  store: IndexWriter,
  { entering }: IndexNames,
  known: KnownWarehouses,
  signal: AbortSignal,
): Promise<void> {
  const names = known.entering.map(({ namespace, name }) => [namespace, name]);
  const all = names.length > MAX_STORED_NAMES;
  await store.writePiece(entering, JSON.stringify({ all, names: all ? [] : names }), signal);
}

/** Refreshes the Warehouses that entered. Those that fail for a reason that a retry can cure stay. */
export async function refreshEntering(
  { objects, clock, log }: { readonly objects: RefreshableObjects; readonly clock: Clock; readonly log: Log },
  known: KnownWarehouses,
  signal: AbortSignal,
): Promise<void> {
  const limit = pLimit(CONCURRENCY);
  const at = clock();
  let refreshed = 0;
  const refresh = async (name: ObjectName): Promise<void> => {
    try {
      if ((await objects.refresh('warehouse', name, at, signal)) === 'refreshed') refreshed += 1;
      known.removeEntering(name);
    } catch (error) {
      const object = formatObjectName(name);
      if (error instanceof TerminalError) {
        log.error('refresh refused by the cluster', { kind: 'warehouse', object, error });
        known.removeEntering(name);
      } else if (error instanceof RetryableError) {
        log.warn('refresh left to the next run', { kind: 'warehouse', object, error });
      } else throw error;
    }
  };
  await Promise.all(known.entering.map((name) => limit(refresh, name)));
  log.info('Warehouses refreshed that entered the index', { refreshed, left: known.entering.length });
}
