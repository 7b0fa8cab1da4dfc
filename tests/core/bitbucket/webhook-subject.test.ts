import { describe, expect, test } from '@jest/globals';
import {
  formatSubject,
  parseServer,
  parseSubject,
  repositoryAt,
} from '../../../lib/core/bitbucket/webhook-subject.ts';

const SERVERS = ['https://git.acme.example', 'https://acme.example:8443/bitbucket'];

describe('the subject of an address', () => {
  test.each([
    ['https://bitbucket.org/acme/shop.git', 'repository:https://bitbucket.org/acme/shop'],
    ['git@bitbucket.org:Acme/Shop.git', 'repository:https://bitbucket.org/acme/shop'],
    ['ssh://git@altssh.bitbucket.org:443/acme/shop', 'repository:https://bitbucket.org/acme/shop'],
    ['https://git.acme.example/scm/shop/web.git', 'repository:https://git.acme.example/scm/shop/web'],
    ['https://bot@git.acme.example/scm/SHOP/Web', 'repository:https://git.acme.example/scm/shop/web'],
    ['ssh://git@git.acme.example:7999/shop/web.git', 'repository:https://git.acme.example/scm/shop/web'],
    ['ssh://git@git.acme.example:7999/~jdoe/web.git', 'repository:https://git.acme.example/scm/~jdoe/web'],
    [
      'https://acme.example:8443/bitbucket/scm/shop/web.git',
      'repository:https://acme.example:8443/bitbucket/scm/shop/web',
    ],
    ['ssh://git@acme.example:7999/shop/web', 'repository:https://acme.example:8443/bitbucket/scm/shop/web'],
    ['https://github.com/acme/shop', undefined],
    ['https://other.example/scm/shop/web', undefined],
    ['https://acme.example:8443/scm/shop/web', undefined],
    ['https://bitbucket.org/acme', undefined],
    ['https://bitbucket.org/acme/shop/src', undefined],
    ['https://bitbucket.org/acme/..%2f..', undefined],
    ['not an address', undefined],
  ])('%s is %s', (address, expected) => {
    const subject = repositoryAt(address, SERVERS);
    expect(subject && formatSubject(subject)).toBe(expected);
  });
});

describe('a subject as the annotation writes it', () => {
  test.each([
    ['workspace:acme', 'workspace:acme'],
    ['workspace:Acme', 'workspace:acme'],
    ['repository:git@bitbucket.org:acme/shop.git', 'repository:https://bitbucket.org/acme/shop'],
    ['repository:https://git.acme.example/scm/shop/web', 'repository:https://git.acme.example/scm/shop/web'],
    ['repository:https://new.example/git/scm/shop/web', 'repository:https://new.example/git/scm/shop/web'],
    ['project:https://git.acme.example/SHOP', 'project:https://git.acme.example/SHOP'],
    ['project:https://git.acme.example/shop/', 'project:https://git.acme.example/SHOP'],
    [
      'project:https://acme.example:8443/bitbucket/~JDoe',
      'project:https://acme.example:8443/bitbucket/~jdoe',
    ],
    ['workspace:', undefined],
    ['workspace:acme/shop', undefined],
    ['workspace:..', undefined],
    ['repository:https://github.com/acme/shop', undefined],
    ['project:SHOP', undefined],
    ['project:https://user@git.acme.example/SHOP', undefined],
    ['project:https://git.acme.example/a?b=/SHOP', undefined],
    ['repositories', undefined],
    ['organization:acme', undefined],
  ])('%s is read as %s', (text, expected) => {
    const subject = parseSubject(text, SERVERS);
    expect(subject && formatSubject(subject)).toBe(expected);
  });
});

test.each([
  ['https://git.acme.example/', 'https://git.acme.example'],
  ['https://git.acme.example:443/bitbucket/', 'https://git.acme.example/bitbucket'],
  ['http://127.0.0.1:7990', 'http://127.0.0.1:7990'],
  ['git.acme.example', undefined],
  ['ssh://git.acme.example', undefined],
  ['https://user:token@git.acme.example', undefined],
  ['https://git.acme.example/?a=b', undefined],
])('the server %s is read as %s', (text, expected) => {
  expect(parseServer(text)).toBe(expected);
});
