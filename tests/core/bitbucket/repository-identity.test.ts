import { describe, expect, test } from '@jest/globals';
import {
  cloudAddresses,
  dataCenterAddresses,
  isAddressOf,
  type DataCenterLinks,
} from '../../../lib/core/bitbucket/repository-identity.ts';

describe('a repository of Cloud', () => {
  const shop = cloudAddresses('https://bitbucket.org/acme/shop');

  test.each([
    'https://bitbucket.org/acme/shop',
    'https://bitbucket.org/acme/shop/',
    'https://bitbucket.org/acme/shop.git',
    'https://bitbucket.org/acme/shop.git/',
    'https://bitbucket.org/Acme/Shop.git',
    'HTTPS://BITBUCKET.ORG/ACME/SHOP.GIT',
    'https://bot@bitbucket.org/acme/shop.git',
    'https://bot:app-password@bitbucket.org/acme/shop.git',
    'https://x-token-auth:t%40ken@bitbucket.org/acme/shop',
    'https://bitbucket.org:443/acme/shop',
    'http://bitbucket.org/acme/shop',
    'http://bitbucket.org:80/acme/shop',
    'ssh://git@bitbucket.org/acme/shop.git',
    'ssh://bitbucket.org/acme/shop',
    'ssh://git@bitbucket.org:22/acme/shop.git',
    'ssh://git@altssh.bitbucket.org:443/acme/shop.git',
    'ssh://git@AltSSH.Bitbucket.org:443/acme/shop',
    'git@bitbucket.org:acme/shop.git',
    'git@bitbucket.org:acme/shop',
    'git@bitbucket.org:acme/shop.git/',
    'git@bitbucket.org:/acme/shop.git',
    'bitbucket.org:acme/shop.git',
    'GIT@Bitbucket.org:Acme/Shop.git',
    ' https://bitbucket.org/acme/shop ',
  ])('has the address %s', (address) => {
    expect(isAddressOf(shop, address)).toBe(true);
  });

  test.each([
    '',
    'acme/shop',
    '/acme/shop',
    'https://bitbucket.org/acme',
    'https://bitbucket.org/acme/shop2',
    'https://bitbucket.org/acme/shop/src/main',
    'https://bitbucket.org/acme/shop.git.git',
    'https://bitbucket.org/other/shop',
    'https://bitbucket.org/acme/shop?x=1',
    'https://bitbucket.org/acme/shop?',
    'https://bitbucket.org/acme/shop#',
    'https:///bitbucket.org/acme/shop',
    'https://bitbucket.org/other/..%2facme/shop',
    'https://bitbucket.org.evil.example/acme/shop',
    'https://evil.example/bitbucket.org/acme/shop',
    'https://bitbucket.org@evil.example/acme/shop',
    'https://evil.example\\@bitbucket.org/acme/shop',
    'https://bitbucket.org:8443/acme/shop',
    'https://altssh.bitbucket.org/acme/shop',
    'https://altssh.bitbucket.org:443/acme/shop',
    'ssh://git@altssh.bitbucket.org/acme/shop.git',
    'ssh://git@bitbucket.org:443/acme/shop.git',
    'ssh://git@bitbucket.org:7999/acme/shop.git',
    'git@bitbucket.org:7999/acme/shop.git',
    'git@bitbucket.org:../acme/shop.git',
    'git@bitbucket.org:./acme/shop.git',
    'git@github.com:acme/shop.git',
    'git://bitbucket.org/acme/shop',
    'file:///acme/shop',
    'oci://bitbucket.org/acme/shop',
    'bitbucket.org/acme/shop',
    'https://bitbucket.org',
  ])('does not have the address %j', (address) => {
    expect(isAddressOf(shop, address)).toBe(false);
  });
});

describe('characters that Go cannot print', () => {
  const shop = cloudAddresses('https://bitbucket.org/acme/shop');

  test.each([
    ['U+00A0 no-break space', '\u00A0'],
    ['U+3000 ideographic space', '\u3000'],
    ['U+2003 em space', '\u2003'],
    ['U+200B zero width space', '\u200B'],
    ['U+FEFF byte order mark', '\uFEFF'],
    ['U+2028 line separator', '\u2028'],
    ['U+2029 paragraph separator', '\u2029'],
    ['U+00AD soft hyphen', '\u00AD'],
    ['U+202E right-to-left override', '\u202E'],
    ['U+E000 private use', '\uE000'],
    ['U+0000', '\u0000'],
    ['tab', '\t'],
    ['newline', '\n'],
    ['carriage return', '\r'],
  ])('%s is removed, wherever it is in the address', (_name, character) => {
    const addresses = [
      `${character}https://bitbucket.org/acme/shop`,
      `https://bitbucket.org/acme/shop${character}`,
      ` ${character} https://bitbucket.org/acme/shop.git${character} ${character}`,
      `https://bitbucket.org/acme/sh${character}op`,
      `https://bit${character}bucket.org/acme${character}/shop`,
      `ht${character}tps:/${character}/bitbucket.org/acme/shop`,
      `git@bitbucket.org:${character}acme/shop`,
    ];
    expect(addresses.filter((address) => !isAddressOf(shop, address))).toEqual([]);
    expect(isAddressOf(cloudAddresses(addresses[3] ?? ''), 'git@bitbucket.org:acme/shop')).toBe(true);
  });

  test.each([
    ['a space inside', 'https://bitbucket.org/acme/sh op'],
    ['a letter', 'https://bitbucket.org/acme/shöp'],
    ['a combining mark', 'https://bitbucket.org/acme/shop\u0301'],
    ['a symbol', 'https://bitbucket.org/acme/shop€'],
    ['a number', 'https://bitbucket.org/acme/shop²'],
    ['parent segments between them', 'https://bitbucket.org/other/.\u200B./acme/shop'],
    ['an escaped parent segment', 'https://bitbucket.org/other/%2e%2E/acme/shop'],
  ])('%s is another address', (_what, address) => {
    expect(isAddressOf(shop, address)).toBe(false);
    expect(isAddressOf(cloudAddresses(address), address)).toBe(true);
  });
});

describe('a repository of Data Center', () => {
  const host = 'https://git.acme.example';
  const http = `${host}/scm/shop/web.git`;
  const ssh = 'ssh://git@git.acme.example:7999/shop/web.git';
  const otherHost = 'ssh://git@ssh.acme.example/shop/web.git';
  const otherPort = 'ssh://git@git.acme.example:2222/shop/web';
  const plain = 'http://git.acme.example:7990/scm/shop/web';
  const adas = [`${host}/scm/~ada/web`, 'ssh://git@git.acme.example:7999/~ada/web.git'];
  const mirror = `${host}/mirror/web`;
  const self = `${host}/projects/SHOP/repos/web/browse`;

  test.each<[what: string, links: DataCenterLinks, same: string[], other: string[]]>([
    [
      'by both clone links',
      { clone: [http, ssh], self, projectKey: 'SHOP', slug: 'web' },
      [http, ssh, 'https://bot@git.acme.example/scm/SHOP/web/', 'ssh://git.acme.example:7999/shop/web'],
      [`${host}/shop/web`, `${host}/scm/blog/web`, 'ssh://git@git.acme.example/shop/web'],
    ],
    ['by both clone links the other way round', { clone: [ssh, http] }, [http, ssh], []],
    ['by http alone', { clone: [http] }, [http, ssh], ['ssh://git@git.acme.example:7999/scm/shop/web']],
    ['by ssh alone', { clone: [ssh] }, [ssh], [http]],
    ['by ssh and where it is browsed', { clone: [ssh], self }, [ssh, http], []],
    ['by where it is browsed alone', { clone: [], self }, [ssh, http], [self]],
    [
      'by its project and slug where it is browsed',
      { clone: [], self: `${host}/projects/X/repos/x`, projectKey: 'SHOP', slug: 'web' },
      [ssh, http],
      [`${host}/scm/x/x`],
    ],
    ['by ssh on another port', { clone: [`${otherPort}.git`], self }, [otherPort, http], [ssh]],
    [
      'by ssh on another host',
      { clone: [http, otherHost] },
      [http, otherHost, 'git@ssh.acme.example:shop/web'],
      [ssh],
    ],
    ['by http on another port', { clone: [`${plain}.git`] }, [plain, ssh], [http]],
    [
      'below a context path',
      { clone: [`${host}/bitbucket/scm/shop/web.git`] },
      [`${host}/bitbucket/scm/shop/web`, ssh],
      [http, `${host}/stash/scm/shop/web`],
    ],
    [
      'below a context path where it is browsed',
      { clone: [], self: `${host}/a/stash/projects/SHOP/repos/web/browse` },
      [`${host}/a/stash/scm/shop/web`, ssh],
      [http],
    ],
    [
      'a personal one, by http',
      { clone: [`${host}/scm/~ada/web.git`] },
      [`${host}/scm/%7Eada/web`, 'ssh://git@git.acme.example:7999/~ada/web.git'],
      [`${host}/scm/ada/web`],
    ],
    [
      'a personal one, where it is browsed',
      { clone: [], self: `${host}/users/ada/repos/web/browse` },
      adas,
      [`${host}/scm/ada/web`, `${host}/scm/~eve/web`],
    ],
    [
      'a personal one, by its key',
      { clone: [], self: `${host}/users/ada/repos/web`, projectKey: '~ADA', slug: 'web' },
      [`${host}/scm/~ada/web`],
      [],
    ],
    ['a link of a form not known', { clone: [`${mirror}.git`], self }, [mirror, ssh], []],
    ['a link that cannot be read', { clone: ['web', http] }, ['web', http], ['WEB', 'web.git']],
  ])('%s', (_what, links, same, other) => {
    const addresses = dataCenterAddresses(links);
    expect([...same, ...other].filter((address) => isAddressOf(addresses, address))).toEqual(same);
  });

  test.each<[what: string, links: DataCenterLinks]>([
    ['nothing at all', { clone: [] }],
    ['project and slug without a host', { clone: [], projectKey: 'SHOP', slug: 'web' }],
    [
      'a page that is none of a repository',
      { clone: [], self: `${host}/dashboard`, projectKey: 'SHOP', slug: 'web' },
    ],
    ['a page without a host', { clone: [], self: '/projects/SHOP/repos/web/browse' }],
    ['a page on a host that cannot be', { clone: [], self: 'https://[/projects/SHOP/repos/web' }],
  ])('is not named by %s', (_what, links) => {
    expect(dataCenterAddresses(links)).toEqual([]);
  });
});

describe('an address that cannot be read', () => {
  const urls = ['http://', 'https://[', 'https://a b/c', 'https://host:99999/a'];
  const unreadable = [...urls, '', ' ', 'web', 'git@:a', '::', '../web', '\u0000', '~', 'git@host:'];

  test('equals itself and no other', () => {
    for (const one of unreadable) {
      expect(unreadable.filter((other) => isAddressOf(cloudAddresses(one), other))).toEqual([one]);
    }
  });

  test.each([
    ['a scheme and much', `https://bitbucket.org/${'a/'.repeat(1_000_000)}`],
    ['the scp form', `git@host:${'a:'.repeat(1_000_000)}`],
    ['dots', `${'a.'.repeat(1_000_000)}:b`],
    ['slashes', '/'.repeat(2_000_000)],
    ['clone links', `https://host/${'scm/'.repeat(500_000)}`],
    ['pages', `https://host/${'projects/a/repos/'.repeat(125_000)}`],
  ])('is rejected quickly where it is 2 MB of %s', (_what, address) => {
    const addresses = dataCenterAddresses({ clone: [address], self: address });
    expect(isAddressOf(addresses, address)).toBe(true);
    expect(isAddressOf(addresses, `${address}x`)).toBe(false);
    expect(isAddressOf(cloudAddresses('https://bitbucket.org/acme/shop'), address)).toBe(false);
  });

  test('is one of at most 16 clone links', () => {
    const clone = Array.from({ length: 50_000 }, (_none, index) => `https://host/scm/a/repo-${index}`);
    expect(dataCenterAddresses({ clone })).toHaveLength(17);
  });

  test.each(['/', '.', '/scm/', '/projects/a/repos/', '-', ':', '@'])(
    'is read at once where %j fills what is read',
    (part) => {
      const address = `https://host/${part.repeat(2048)}`.slice(0, 2048);
      const addresses = dataCenterAddresses({ clone: [address], self: address });
      expect(isAddressOf(addresses, address)).toBe(true);
    },
  );
});
