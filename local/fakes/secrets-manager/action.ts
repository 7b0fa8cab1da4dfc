import { requireString } from './request-members.ts';
import type { Members } from './request-members.ts';
import type { SecretCatalog } from './secret-catalog.ts';

/** One operation of the API: the members of a request in, those of the answer out, or a ServiceError thrown. */
export type Action = (catalog: SecretCatalog, members: Members) => object;

/** The secret a request is about, as its name or ARN. */
export function secretIdOf(members: Members): string {
  return requireString(members, 'SecretId', { max: 2048 });
}
