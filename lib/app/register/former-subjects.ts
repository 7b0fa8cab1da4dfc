import { formatBaseUrl } from '../../core/kargo/receiver-path.ts';
import type { ReceiverConfig } from '../../core/kargo/receiver.ts';
import { isOfAnotherBase, subjectsInCondition } from '../../core/registration/webhook-condition.ts';
import type { RequestPurpose } from './bitbucket-ports.ts';
import {
  readRepositories,
  type ClaimDeps,
  type DeclaredWebhooks,
  type SubjectClaims,
} from './collect-claims.ts';
import type { RegistrarMemory } from './registrar-memory.ts';

/**
 * Collects subjects without claims that may have webhooks of what is no longer declared: those that a condition names, those that were claimed
 * earlier, and once in a process the repositories of all Warehouses, because a deleted config has no condition.
 *
 * @throws {RetryableError} when the Warehouses cannot be listed
 */
export async function collectFormerSubjects(
  { objects, base, memory }: ClaimDeps & { readonly memory: RegistrarMemory },
  configs: readonly ReceiverConfig[],
  { subjects: claimed }: DeclaredWebhooks,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<(SubjectClaims & { readonly purpose: RequestPurpose })[]> {
  for (const config of configs) {
    if (!isOfAnotherBase(config, formatBaseUrl(base)))
      memory.addFormer(subjectsInCondition(config, servers), 'change');
  }
  if (!memory.isSearched) {
    memory.addFormer(await readRepositories(objects, '', servers, signal), 'check');
    memory.isSearched = true;
  }
  return memory
    .formerSubjects(new Set(claimed.keys()))
    .filter(({ subject }) => servers.includes(subject.server))
    .map((former) => ({ ...former, claims: [] }));
}
