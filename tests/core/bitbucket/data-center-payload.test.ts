import { describe, expect, test } from '@jest/globals';
import { payloadReaderOf } from '../../../lib/core/bitbucket/event-readers.ts';

const HASH = '8b2e6d4c0a9f7e5d3c1b9a8f7e6d5c4b3a291807';
const BEFORE = '1f0c1c8a4d7f3e5b9a2d6c8e0f1a3b5c7d9e0f12';
const NONE = '0'.repeat(40);
const http = { name: 'http', href: 'https://git.acme.example/scm/shop/web.git' };
const ssh = { name: 'ssh', href: 'ssh://git@git.acme.example:7999/shop/web.git' };
const self = [{ href: 'https://git.acme.example/projects/SHOP/repos/web/browse' }];
const repository = { slug: 'web', project: { key: 'SHOP' }, links: { clone: [http, ssh], self } };
const changes = [{ ref: { id: 'refs/heads/main' }, type: 'UPDATE', toHash: HASH }];
const addresses = ['git.acme.example/scm/shop/web', 'git.acme.example:7999/shop/web'];

const read = (event: string, payload: unknown) => payloadReaderOf(event)?.(payload);

describe('repo:refs_changed', () => {
  const change = (id: string, fields: object = {}) => ({
    ref: { id },
    type: 'UPDATE',
    toHash: HASH,
    ...fields,
  });

  test.each<[what: string, changes: unknown[], refs: string[]]>([
    ['a branch', [change('refs/heads/main')], ['branch main']],
    [
      'a new branch with slashes',
      [change('refs/heads/feature/a/b', { type: 'ADD' })],
      ['branch feature/a/b'],
    ],
    ['a tag', [change('refs/tags/v1')], ['tag v1']],
    ['a tag with slashes', [change('refs/tags/team/v1')], ['tag team/v1']],
    ['a tag named like a branch', [change('refs/tags/refs/heads/main')], ['tag refs/heads/main']],
    ['a name with a line break', [change('refs/tags/a\nb')], ['tag a\nb']],
    ['notes', [change('refs/notes/commits')], []],
    ['a pull request', [change('refs/pull-requests/1/from')], []],
    ['a ref without a name', [change('refs/heads/')], []],
    ['a short name', [change('main')], []],
    ['a deletion', [change('refs/heads/main', { type: 'DELETE', toHash: NONE })], []],
    ['a deletion by its type alone', [change('refs/heads/main', { type: 'DELETE' })], []],
    ['a deletion by its hash alone', [{ ref: { id: 'refs/heads/main' }, toHash: NONE }], []],
    ['a deletion by a longer hash', [{ ref: { id: 'refs/heads/main' }, toHash: '0'.repeat(64) }], []],
    ['neither type nor hash', [{ ref: { id: 'refs/heads/main' } }], ['branch main']],
    [
      'a type and a hash that are none',
      [change('refs/heads/main', { type: 7, toHash: null })],
      ['branch main'],
    ],
    [
      'several, in their order',
      [change('refs/tags/v1'), change('refs/heads/main')],
      ['tag v1', 'branch main'],
    ],
    ['no change', [], []],
  ])('reads the refs of %s', (_what, given, refs) => {
    expect(read('repo:refs_changed', { changes: given, repository })).toEqual({
      kind: 'event',
      event: {
        kind: 'push',
        addresses,
        refs: refs.map((ref) => ({
          kind: ref.slice(0, ref.indexOf(' ')),
          name: ref.slice(ref.indexOf(' ') + 1),
          ...(JSON.stringify(given).includes(HASH) && { to: HASH }),
        })),
      },
    });
  });

  test.each<[what: string, fields: object, commits: object]>([
    ['an update', { fromHash: BEFORE }, { to: HASH, from: BEFORE }],
    ['a new branch', { type: 'ADD', fromHash: NONE }, { to: HASH }],
    ['an update from no commit', { fromHash: NONE }, { to: HASH }],
    ['a hash that is none', { fromHash: 'main', toHash: 'HEAD' }, {}],
  ])('reads the commits of %s', (_what, fields, commits) => {
    const given = [change('refs/heads/main', fields)];
    expect(read('repo:refs_changed', { changes: given, repository })).toMatchObject({
      event: { refs: [{ kind: 'branch', name: 'main', ...commits }] },
    });
  });

  test.each([
    ['the clone links in the other order', { links: { clone: [ssh, http] } }],
    ['the http clone link', { links: { clone: [http] } }],
    ['the ssh clone link and where it is browsed', { links: { clone: [ssh], self } }],
    ['where it is browsed', { links: { self } }],
    ['where it is browsed, with clone: null', { links: { clone: null, self } }],
    ['where it is browsed, with clone: []', { links: { clone: [], self } }],
    ['where it is browsed, with clone: [null]', { links: { clone: [null], self: [null, ...self] } }],
    ['a clone link, with self: [null]', { links: { clone: [null, http], self: [null] } }],
    ['a clone link, with project: null', { project: null, links: { clone: [http], self: null } }],
    ['a clone link beside one without href', { links: { clone: [{ name: 'http' }, ssh, http] } }],
    ...[[{}], [{ href: 7 }], ['x'], {}, 'x'].map((none): [string, object] => [
      `a clone link, with self: ${JSON.stringify(none)}`,
      { links: { clone: [http], self: none } },
    ]),
    ...[{ slug: 7 }, { project: 'SHOP' }, { project: { key: 7 } }].map((fields): [string, object] => [
      `a clone link, with ${JSON.stringify(fields)}`,
      { ...fields, links: { clone: [http], self } },
    ]),
  ])('identifies the repository by %s', (_what, named) => {
    expect(read('repo:refs_changed', { changes, repository: named })).toMatchObject({
      event: { addresses },
    });
  });

  test.each<[payload: unknown, detail: string]>([
    [null, 'the body must be object, not null'],
    [[], 'the body must be object, not array'],
    [{}, 'changes is missing'],
    [{ changes: null, repository }, 'changes must be array, not null'],
    [{ changes: {}, repository }, 'changes must be array, not object'],
    [{ changes: [null], repository }, 'changes[0] must be object, not null'],
    [{ changes: [[]], repository }, 'changes[0] must be object, not array'],
    [{ changes: [{}], repository }, 'changes[0].ref is missing'],
    [{ changes: [{ ref: 'refs/heads/main' }], repository }, 'changes[0].ref must be object, not string'],
    [{ changes: [{ ref: {} }], repository }, 'changes[0].ref.id is missing'],
    [
      { changes: [...changes, { ref: { id: 7 } }], repository },
      'changes[1].ref.id must be string, not number',
    ],
    [{ changes }, 'repository is missing'],
    [{ changes, repository: null }, 'repository must be object, not null'],
    [{ changes, repository: [] }, 'repository must be object, not array'],
    [{ changes, repository: {} }, 'repository.links.clone is missing'],
    [{ changes, repository: { links: null } }, 'repository.links.clone is missing'],
    [{ changes, repository: { links: {} } }, 'repository.links.clone is missing'],
    [{ changes, repository: { links: { clone: [], self: [null] } } }, 'repository.links.clone is missing'],
    [{ changes, repository: { slug: 'web', project: { key: 'SHOP' } } }, 'repository.links.clone is missing'],
    [{ changes, repository: { links: 'x' } }, 'repository.links must be object, not string'],
    [{ changes, repository: { links: { clone: 'x' } } }, 'repository.links.clone must be array, not string'],
    [
      { changes, repository: { links: { clone: ['x'] } } },
      'repository.links.clone[0] must be object, not string',
    ],
    [{ changes, repository: { links: { clone: [{}] } } }, 'repository.links.clone is missing'],
    [
      { changes, repository: { links: { clone: [{ href: 7 }], self } } },
      'repository.links.clone[0].href must be string, not number',
    ],
  ])('rejects %j', (payload, detail) => {
    expect(read('repo:refs_changed', payload)).toEqual({ kind: 'invalid', detail });
  });
});

describe.each(['pr:merged', 'pr:declined'])('%s', (event) => {
  const href = 'https://git.acme.example/users/ada/repos/web/pull-requests/3';

  test.each([[[{ href }]], [[null, { href }]], [[{ href }, { href: 'https://other' }]]])(
    'reads the first link of %j',
    (links) => {
      expect(read(event, { pullRequest: { links: { self: links } } })).toEqual({
        kind: 'event',
        event: { kind: 'pull-request-closed', url: href },
      });
    },
  );

  test.each<[payload: unknown, detail: string]>([
    [{}, 'pullRequest is missing'],
    [{ pullrequest: {} }, 'pullRequest is missing'],
    [{ pullRequest: null }, 'pullRequest must be object, not null'],
    [{ pullRequest: {} }, 'pullRequest.links is missing'],
    [{ pullRequest: { links: null } }, 'pullRequest.links must be object, not null'],
    [{ pullRequest: { links: {} } }, 'pullRequest.links.self[0].href is missing'],
    [{ pullRequest: { links: { self: null } } }, 'pullRequest.links.self[0].href is missing'],
    [{ pullRequest: { links: { self: [] } } }, 'pullRequest.links.self[0].href is missing'],
    [{ pullRequest: { links: { self: [null] } } }, 'pullRequest.links.self[0].href is missing'],
    [{ pullRequest: { links: { self: {} } } }, 'pullRequest.links.self must be array, not object'],
    [{ pullRequest: { links: { self: [{}] } } }, 'pullRequest.links.self[0].href is missing'],
    [
      { pullRequest: { links: { self: [{ href: null }] } } },
      'pullRequest.links.self[0].href must be string, not null',
    ],
  ])('rejects %j', (payload, detail) => {
    expect(read(event, payload)).toEqual({ kind: 'invalid', detail });
  });
});
