import pLimit from 'p-limit';
import { judgeObject, kindAffectedBy } from '../../../core/kargo/affected-objects.ts';
import type { BitbucketEvent } from '../../../core/bitbucket/event.ts';
import type { RefreshKind } from '../../../core/kargo/refresh-kind.ts';
import type { ClusterObject, Clock, Log, RefreshTargets } from '../../ports.ts';
import { RetryableError } from '../../errors.ts';

/** Refreshes of one delivery that run side by side: enough to hide the way to the cluster, few enough to leave it room for others. */
const SIDE_BY_SIDE = 16;

export interface RefreshDeps {
  readonly targets: RefreshTargets;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RefreshResult {
  readonly kind: RefreshKind;
  /** `namespace/name` of what was refreshed. */
  readonly refreshed: readonly string[];
}

/**
 * Refreshes every object of the project, or of all projects where `project` is empty, that the event affects. One object that cannot
 * be judged or refreshed never costs the others theirs; it is logged once, with its name. Raises `RetryableError` where the objects could
 * not be listed or not all of them be refreshed before the signal ended it; doing it again is harmless.
 */
export async function refreshAffected(
  { targets, clock, log }: RefreshDeps,
  event: BitbucketEvent,
  project: string,
  signal: AbortSignal,
): Promise<RefreshResult> {
  const kind = kindAffectedBy(event);
  const limit = pLimit(SIDE_BY_SIDE);
  const at = clock();
  const refreshed: string[] = [];
  let failed = 0;

  const refresh = async (object: ClusterObject): Promise<void> => {
    const about = { kind, object: nameOf(object) };
    try {
      if ((await targets.refresh(kind, object, at, signal)) === 'refreshed') refreshed.push(nameOf(object));
      else log.info('deleted before it could be refreshed', about);
    } catch (error) {
      failed += 1;
      log.error('refresh failed', { ...about, error });
    }
  };

  const pending: Promise<void>[] = [];
  let listing: unknown;
  try {
    for await (const page of targets.pages(kind, project, signal)) {
      for (const object of page) {
        const verdict = judgeObject(event, object.content);
        if (verdict.kind === 'affected') pending.push(limit(refresh, object));
        if (verdict.kind === 'broken')
          log.warn('cannot be judged', { kind, object: nameOf(object), reason: verdict.reason });
      }
    }
  } catch (error) {
    listing = error;
  }
  await Promise.all(pending);
  if (listing !== undefined) throw listing;
  if (failed > 0) {
    throw new RetryableError(`refreshed ${refreshed.length} of ${refreshed.length + failed} ${kind}(s)`);
  }
  return { kind, refreshed: refreshed.toSorted() };
}

function nameOf({ namespace, name }: ClusterObject): string {
  return `${namespace}/${name}`;
}
