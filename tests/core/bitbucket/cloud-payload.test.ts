import { describe, expect, test } from '@jest/globals';
import { payloadReaderOf } from '../../../lib/core/bitbucket/event-readers.ts';

const repository = { full_name: 'acme/shop', links: { html: { href: 'https://bitbucket.org/acme/shop' } } };
const main = { type: 'branch', name: 'main' };
const changes = [{ new: main }];

const BEFORE = '1f0c1c8a4d7f3e5b9a2d6c8e0f1a3b5c7d9e0f12';
const AFTER = '8b2e6d4c0a9f7e5d3c1b9a8f7e6d5c4b3a291807';

const read = (event: string, payload: unknown) => payloadReaderOf(event)?.(payload);

describe('repo:push', () => {
  test.each<[what: string, changes: unknown[], refs: string[]]>([
    ['a branch', [{ new: main, old: main }], ['branch main']],
    ['a tag', [{ new: { type: 'tag', name: 'v1' }, old: null }], ['tag v1']],
    ['a tag with slashes', [{ new: { type: 'tag', name: 'team/a/v1' } }], ['tag team/a/v1']],
    [
      'a branch named like a tag',
      [{ new: { type: 'branch', name: 'refs/tags/v1' } }],
      ['branch refs/tags/v1'],
    ],
    ['a branch by another word', [{ new: { type: 'named_branch', name: 'default' } }], ['branch default']],
    [
      'several, in their order',
      [{ new: main }, { new: { type: 'tag', name: 'v1' } }],
      ['branch main', 'tag v1'],
    ],
    ['a deletion', [{ new: null, old: main, closed: true }], []],
    ['a deletion beside an update', [{ new: null }, { new: main }], ['branch main']],
    ['a change without fields', [{}], []],
    ['no change', [], []],
    [
      'fields of a later day',
      [{ new: { ...main, target: { hash: 'x' } }, truncated: true }],
      ['branch main'],
    ],
  ])('reads the refs of %s', (_what, given, refs) => {
    expect(read('repo:push', { push: { changes: given }, repository })).toEqual({
      kind: 'event',
      event: {
        kind: 'push',
        addresses: ['bitbucket.org/acme/shop'],
        refs: refs.map((ref) => ({ kind: ref.split(' ')[0], name: ref.split(' ')[1] })),
      },
    });
  });

  const at = (hash: string) => ({ ...main, target: { hash } });
  test.each<[what: string, change: object, commits: object]>([
    ['an update', { forced: false, truncated: false }, { to: AFTER, from: BEFORE }],
    ['a forced push', { forced: true, truncated: false }, { to: AFTER }],
    ['a truncated push', { forced: false, truncated: true }, { to: AFTER }],
    ['a push that does not say', {}, { to: AFTER }],
    ['a new branch', { forced: false, truncated: false, old: null }, { to: AFTER }],
    ['a hash that is none', { forced: false, truncated: false, new: at('HEAD') }, {}],
  ])('reads the commits of %s', (_what, change, commits) => {
    const given = [{ new: at(AFTER), old: at(BEFORE), ...change }];
    expect(read('repo:push', { push: { changes: given }, repository })).toEqual({
      kind: 'event',
      event: {
        kind: 'push',
        addresses: ['bitbucket.org/acme/shop'],
        refs: [{ kind: 'branch', name: 'main', ...commits }],
      },
    });
  });

  test.each([
    ['its web address', { links: { html: { href: 'https://bitbucket.org/acme/shop' } } }],
    ['its web address, whatever its name', { full_name: 'a/b', links: repository.links }],
    ['its web address, with full_name: null', { full_name: null, links: repository.links }],
    ['its web address, with a number as its name', { full_name: 7, links: repository.links }],
    ['its name alone', { full_name: 'acme/shop' }],
    ['its name, with html: {}', { full_name: 'acme/shop', links: { html: {} } }],
    ['its name, with href: null', { full_name: 'acme/shop', links: { html: { href: null } } }],
    ['its name, with links: null', { full_name: 'acme/shop', links: null }],
    ['its name, with html: null', { full_name: 'acme/shop', links: { html: null } }],
    ['its name, with other links', { full_name: 'acme/shop', links: { self: { href: 'https://api' } } }],
  ])('identifies the repository by %s', (_what, named) => {
    expect(read('repo:push', { push: { changes }, repository: named })).toMatchObject({
      event: { addresses: ['bitbucket.org/acme/shop'] },
    });
  });

  test.each<[payload: unknown, detail: string]>([
    [null, 'the body must be object, not null'],
    [[], 'the body must be object, not array'],
    ['text', 'the body must be object, not string'],
    [7, 'the body must be object, not number'],
    [true, 'the body must be object, not boolean'],
    [{}, 'push is missing'],
    [{ push: null, repository }, 'push must be object, not null'],
    [{ push: [], repository }, 'push must be object, not array'],
    [{ push: {}, repository }, 'push.changes is missing'],
    [{ push: { changes: null }, repository }, 'push.changes must be array, not null'],
    [{ push: { changes: {} }, repository }, 'push.changes must be array, not object'],
    [{ push: { changes: [7] }, repository }, 'push.changes[0] must be object, not number'],
    [{ push: { changes: [[]] }, repository }, 'push.changes[0] must be object, not array'],
    [{ push: { changes: [{ new: 7 }] }, repository }, 'push.changes[0].new must be object, not number'],
    [{ push: { changes: [{ new: [] }] }, repository }, 'push.changes[0].new must be object, not array'],
    [{ push: { changes: [{ new: {} }] }, repository }, 'push.changes[0].new.type is missing'],
    [{ push: { changes: [{ new: { type: 'tag' } }] }, repository }, 'push.changes[0].new.name is missing'],
    [
      { push: { changes: [{ new: main }, { new: { type: 1, name: 'a' } }] }, repository },
      'push.changes[1].new.type must be string, not number',
    ],
    [
      { push: { changes: [{ new: { type: 'tag', name: {} } }] }, repository },
      'push.changes[0].new.name must be string, not object',
    ],
    [{ push: { changes } }, 'repository is missing'],
    [{ push: { changes }, repository: 'acme/shop' }, 'repository must be object, not string'],
    [{ push: { changes }, repository: [] }, 'repository must be object, not array'],
    [{ push: { changes }, repository: {} }, 'repository.links.html.href is missing'],
    [{ push: { changes }, repository: { links: null } }, 'repository.links.html.href is missing'],
    [{ push: { changes }, repository: { full_name: '' } }, 'repository.links.html.href is missing'],
    [{ push: { changes }, repository: { full_name: 7 } }, 'repository.links.html.href is missing'],
    [{ push: { changes }, repository: { links: [] } }, 'repository.links must be object, not array'],
    [
      { push: { changes }, repository: { links: { html: 'x' } } },
      'repository.links.html must be object, not string',
    ],
    [{ push: { changes }, repository: { links: { html: {} } } }, 'repository.links.html.href is missing'],
    [
      { push: { changes }, repository: { full_name: 'acme/shop', links: { html: { href: 7 } } } },
      'repository.links.html.href must be string, not number',
    ],
    [
      { push: { changes }, repository: { links: { html: { href: null } } } },
      'repository.links.html.href is missing',
    ],
  ])('rejects %j', (payload, detail) => {
    expect(read('repo:push', payload)).toEqual({ kind: 'invalid', detail });
  });
});

describe.each(['pullrequest:fulfilled', 'pullrequest:rejected'])('%s', (event) => {
  test('returns the web address of the pull request unchanged', () => {
    const href = 'https://bitbucket.org/Acme/shop/pull-requests/7/';
    expect(read(event, { pullrequest: { links: { html: { href } } }, repository: null })).toEqual({
      kind: 'event',
      event: { kind: 'pull-request-closed', url: href },
    });
  });

  test.each<[payload: unknown, detail: string]>([
    [{}, 'pullrequest is missing'],
    [{ pullRequest: {} }, 'pullrequest is missing'],
    [{ pullrequest: [] }, 'pullrequest must be object, not array'],
    [{ pullrequest: {} }, 'pullrequest.links is missing'],
    [{ pullrequest: { links: null } }, 'pullrequest.links must be object, not null'],
    [{ pullrequest: { links: {} } }, 'pullrequest.links.html is missing'],
    [{ pullrequest: { links: { html: null } } }, 'pullrequest.links.html must be object, not null'],
    [{ pullrequest: { links: { html: {} } } }, 'pullrequest.links.html.href is missing'],
    [
      { pullrequest: { links: { html: { href: 7 } } } },
      'pullrequest.links.html.href must be string, not number',
    ],
  ])('rejects %j', (payload, detail) => {
    expect(read(event, payload)).toEqual({ kind: 'invalid', detail });
  });
});

test.each([
  'repo:fork',
  'pullrequest:created',
  'pr:opened',
  'REPO:PUSH',
  ' repo:push',
  '',
  'constructor',
  '__proto__',
])('no reader exists for %j', (event) => {
  expect(payloadReaderOf(event)).toBeUndefined();
});
