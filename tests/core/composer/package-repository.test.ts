import { describe, expect, test } from '@jest/globals';
import { readCloudPush } from '../../../lib/core/bitbucket/cloud-payload.ts';
import { readRefsChanged } from '../../../lib/core/bitbucket/data-center-payload.ts';
import { isPackageOf } from '../../../lib/core/composer/package-repository.ts';
import { cloudPush, refsChanged } from '../../support/payloads.ts';

function addressesOf(reading: ReturnType<typeof readCloudPush>): readonly string[] {
  if (reading.kind !== 'event' || reading.event.kind !== 'push') throw new Error('no push');
  return reading.event.addresses;
}

/** `https://bitbucket.org/acme/shop`. */
const cloud = addressesOf(readCloudPush(cloudPush()));
/** `https://git.acme.example/scm/shop/web`. */
const dataCenter = addressesOf(readRefsChanged(refsChanged('refs/heads/main')));
const behindContext = addressesOf(
  readRefsChanged({
    changes: [],
    repository: {
      links: {
        clone: [{ href: 'ssh://git@git.acme.example:7999/shop/web.git' }],
        self: [{ href: 'https://git.acme.example/bitbucket/projects/SHOP/repos/web/browse' }],
      },
    },
  }),
);

type Row = [repositoryUrl: string, bitbucketUrl: string | undefined, isPackage: boolean];

describe('a package comes from the repository acme/shop of Cloud', () => {
  test.each<Row>([
    ['https://bitbucket.org/acme/shop.git', undefined, true],
    ['https://bitbucket.org/acme/shop', undefined, true],
    ['https://ada@bitbucket.org/Acme/Shop.git/', undefined, true],
    ['ssh://git@bitbucket.org/acme/shop.git', undefined, true],
    ['ssh://git@altssh.bitbucket.org:443/acme/shop', undefined, true],
    ['git@bitbucket.org:acme/shop.git', undefined, true],
    ['git@bitbucket.org:acme/shop.git', 'https://git.acme.example', true],
    ['https://bitbucket.org/acme/shop-api', undefined, false],
    ['https://bitbucket.org/other/shop', undefined, false],
    ['https://github.com/acme/shop', undefined, false],
    ['acme/shop', undefined, true],
    ['/acme/shop.git', undefined, true],
    ['acme/shop/', 'https://bitbucket.org', true],
    ['other/shop', undefined, false],
    ['acme/shop', 'https://git.acme.example', false],
    ['shop', undefined, true],
    ['shop.git', 'https://bitbucket.org/acme', true],
    ['shop', 'https://bitbucket.org/other', false],
    ['acme/shop', 'https://bitbucket.org/acme', true],
    ['op', undefined, false],
    ['shop', 'https://git.acme.example', false],
    ['', undefined, false],
    ['/', undefined, false],
    ['.', undefined, false],
    ['../shop', undefined, false],
    ['acme/shop?x', undefined, false],
    [`${'/'.repeat(100_000)}acme/shop`, undefined, false],
  ])('%.60s with BITBUCKET_URL %s: %s', (repositoryUrl, bitbucketUrl, isPackage) => {
    expect(isPackageOf(cloud, repositoryUrl, bitbucketUrl)).toBe(isPackage);
  });
});

describe('a package comes from the repository SHOP/web of Data Center', () => {
  test.each<Row>([
    ['https://git.acme.example/scm/shop/web.git', undefined, true],
    ['ssh://git@git.acme.example:7999/shop/web.git', undefined, true],
    ['https://git.acme.example/projects/SHOP/repos/web', undefined, true],
    ['https://git.acme.example/projects/SHOP/repos/web/browse', undefined, true],
    ['https://git.acme.example/projects/OTHER/repos/web', undefined, false],
    ['SHOP/web', 'https://git.acme.example', true],
    ['shop/web.git', 'https://git.acme.example/', true],
    ['/scm/shop/web.git', 'https://git.acme.example', true],
    ['projects/SHOP/repos/web', 'https://git.acme.example', true],
    ['web', 'https://git.acme.example', true],
    ['web', 'https://git.acme.example/scm/shop', true],
    ['web', 'https://git.acme.example/scm/other', false],
    ['web', 'https://git.other.example', false],
    ['web', undefined, false],
    ['OTHER/web', 'https://git.acme.example', false],
    ['shop/web', undefined, false],
  ])('%s with BITBUCKET_URL %s: %s', (repositoryUrl, bitbucketUrl, isPackage) => {
    expect(isPackageOf(dataCenter, repositoryUrl, bitbucketUrl)).toBe(isPackage);
  });

  test.each<Row>([
    ['shop/web', 'https://git.acme.example/bitbucket', true],
    ['bitbucket/scm/shop/web', 'https://git.acme.example/bitbucket', true],
    ['web', 'https://git.acme.example/bitbucket', true],
    ['ssh://git@git.acme.example:7999/shop/web', undefined, true],
    ['shop/web', 'https://git.acme.example/stash', false],
  ])('behind a context path: %s with BITBUCKET_URL %s: %s', (repositoryUrl, bitbucketUrl, isPackage) => {
    expect(isPackageOf(behindContext, repositoryUrl, bitbucketUrl)).toBe(isPackage);
  });
});
