import {
  dataCenterAddresses,
  hasSlugBelow,
  isAddressOf,
  MAX_ADDRESS_CHARACTERS,
} from '../bitbucket/repository-identity.ts';
import { CLOUD_SERVER } from '../bitbucket/webhook-subject.ts';

/** An address with a scheme, or in scp form. Others are relative to a Bitbucket. */
const ABSOLUTE = /^[^/]*:/;

/**
 * Decides whether a package of a Composer registry comes from a repository.
 *
 * @param addresses - of the repository, as a push names them
 * @param repositoryUrl - the package's `repository_url`: an address, a path on the Bitbucket of `BITBUCKET_URL`, or the slug alone, which
 *   any repository with that slug there has
 * @param bitbucketUrl - `BITBUCKET_URL`. Default: Bitbucket Cloud
 */
export function isPackageOf(
  addresses: readonly string[],
  repositoryUrl: string,
  bitbucketUrl: string = CLOUD_SERVER,
): boolean {
  if (repositoryUrl.length > MAX_ADDRESS_CHARACTERS) return false;
  const text = repositoryUrl.trim();
  if (ABSOLUTE.test(text)) return isRepository(addresses, text);
  const path = text.split('/').filter(Boolean).join('/');
  if (path === '') return false;
  if (!path.includes('/')) return hasSlugBelow(addresses, bitbucketUrl, path);
  // With or without the context path of a Data Center, and as `project/slug` or as the path of a clone link.
  const roots = [bitbucketUrl.replace(/\/$/, ''), new URL(bitbucketUrl).origin];
  return roots.some((root) =>
    [`${root}/${path}`, `${root}/scm/${path}`].some((address) => isRepository(addresses, address)),
  );
}

/** Compares a clone address, or the web address of a repository on Data Center. */
function isRepository(addresses: readonly string[], address: string): boolean {
  return (
    isAddressOf(addresses, address) ||
    dataCenterAddresses({ clone: [], self: address }).some((implied) => addresses.includes(implied))
  );
}
