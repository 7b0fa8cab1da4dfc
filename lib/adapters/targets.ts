import type { Clock, Log } from '../app/ports.ts';
import { IndexedCandidates } from '../app/lookup/indexed-candidates.ts';
import type { ChangedFiles } from '../app/targets/kargo/changed-files.ts';
import { KargoTarget } from '../app/targets/kargo/kargo-target.ts';
import type { RecentRefreshes } from '../app/targets/kargo/recent-refreshes.ts';
import { RegistryTarget } from '../app/targets/registry/registry-target.ts';
import type { Target } from '../app/targets/target.ts';
import type { SecretsManager } from './aws/secrets-manager.ts';
import { connectToRegistry } from './composer/connect-registry.ts';
import type { IndexedKargo } from './kubernetes/indexed-kargo.ts';
import { KargoRefreshableObjects } from './kubernetes/refreshable-objects.ts';
import type { RegistrySettings } from './settings/registry-settings.ts';

export interface TargetOptions {
  /** Undefined where the deployment has no cluster. */
  readonly kargo: IndexedKargo | undefined;
  /** Undefined where the deployment has no package registry. */
  readonly registry: RegistrySettings | undefined;
  readonly store: SecretsManager;
  readonly recent: RecentRefreshes;
  /** Undefined where path filters do not decide by changed files. */
  readonly changedFiles?: ChangedFiles | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Creates the targets of this deployment: Kargo, the package registry, or both. The function that receives events and the one that
 * redelivers them have the same.
 */
export function createTargets(options: TargetOptions): Target[] {
  const { kargo, registry, store, recent, changedFiles, clock, log } = options;
  const targets: Target[] = [];
  if (kargo !== undefined) {
    const objects = new KargoRefreshableObjects(kargo.api);
    const candidates = new IndexedCandidates({ ...kargo, objects });
    targets.push(new KargoTarget({ candidates, objects, recent, clock, log, changedFiles }));
  }
  if (registry !== undefined) {
    const { bitbucketUrl } = registry;
    const connected = connectToRegistry(registry, store, clock);
    targets.push(new RegistryTarget({ registry: connected, bitbucketUrl, clock, log }));
  }
  return targets;
}
