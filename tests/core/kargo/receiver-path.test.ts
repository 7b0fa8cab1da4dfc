import { describe, expect, test } from '@jest/globals';
import {
  baseOfReceiverUrl,
  formatBaseUrl,
  hashInPath,
  isSameBase,
  parseBaseUrl,
  receiverAddress,
  receiverHash,
} from '../../../lib/core/kargo/receiver-path.ts';

const HASH = '1907723f0dad3263464cb73611e7ba90b4d633c29c1603bd4750e8e37e11bea3';

describe('computes the hash of a receiver', () => {
  test.each([
    // Measured with Kargo.
    ['p10', 'bb', 's3cret', '60fd7ee847185cd0891e6a5d186bf205fc3bf8a719eeb14c4d409e223adbed65'],
    ['demo', 'bb', 's3cret', HASH],
    // A receiver of the ClusterConfig.
    ['', 'bb', 's3cret', '9d6bb3c77e07da0bc5b9e06880b615c41e035d21b08a93ee13d8903c5d156042'],
    ['demo', 'bb', 'é✓', '6ea9e45f2655247bd0cc6557ffcaa26b5852e06ba8db4f12ed34282415127619'],
    // Like Kargo, without separators.
    ['dem', 'obb', 's3cret', HASH],
  ])('of project "%s", receiver "%s", secret "%s"', (project, name, secret, hash) => {
    expect(receiverHash(project, name, secret)).toBe(hash);
  });
});

describe('builds the address below a base URL', () => {
  test.each([
    ['https://hooks.example.com', '', 'https://hooks.example.com'],
    ['https://hooks.example.com/', '', 'https://hooks.example.com'],
    ['https://hooks.example.com/kargo', '/kargo', 'https://hooks.example.com'],
    ['https://hooks.example.com/kargo/', '/kargo', 'https://hooks.example.com'],
    ['https://hooks.example.com/a/b.c/d_e-f~g', '/a/b.c/d_e-f~g', 'https://hooks.example.com'],
    ['https://hooks.example.com//a///b//', '/a/b', 'https://hooks.example.com'],
    ['https://hooks.example.com/a/./b/../c', '/a/c', 'https://hooks.example.com'],
    ['https://hooks.example.com/../a', '/a', 'https://hooks.example.com'],
    ['https://hooks.example.com:8443/kargo', '/kargo', 'https://hooks.example.com:8443'],
    ['http://127.0.0.1:3000', '', 'http://127.0.0.1:3000'],
    ['https://[::1]:3000/x', '/x', 'https://[::1]:3000'],
    ['HTTPS://Hooks.Example.com/Kargo', '/Kargo', 'https://Hooks.Example.com'],
  ])('%s', (text, path, origin) => {
    const base = parseBaseUrl(text);
    if (base === undefined) throw new Error('refused');
    expect(receiverAddress(base, HASH)).toEqual({
      path: `${path}/bitbucket/${HASH}`,
      url: `${origin}${path}/bitbucket/${HASH}`,
    });
  });
});

test.each([
  '',
  'hooks.example.com',
  '//hooks.example.com',
  'ftp://hooks.example.com',
  'https://',
  'https:///kargo',
  'https://user@hooks.example.com',
  'https://user:password@hooks.example.com',
  'https://hooks.example.com?x=1',
  'https://hooks.example.com/kargo?x=1',
  'https://hooks.example.com/#x',
  'https://hooks.example.com:99999',
  'https://hooks.example.com:port',
  'https://hooks.example.com/a b',
  'https://hooks.example.com/%6b',
  'https://hooks.example.com/kärgo',
  'https://hooks.example.com/kargo\n',
  ' https://hooks.example.com',
  'https://hooks.example.com\\kargo',
])('rejects %j as a base URL', (text) => {
  expect(parseBaseUrl(text)).toBeUndefined();
});

describe('extracts the hash from a path', () => {
  test.each([
    [`/bitbucket/${HASH}`],
    [`bitbucket/${HASH}`],
    [`/kargo/bitbucket/${HASH}`],
    [`/prod/kargo/hooks/bitbucket/${HASH}`],
    [`/$default/bitbucket/${HASH}`],
    [`/github/${HASH}/bitbucket/${HASH}`],
  ])('%s', (path) => {
    expect(hashInPath(path)).toBe(HASH);
  });

  test.each([
    '',
    '/',
    HASH,
    `/${HASH}`,
    `/github/${HASH}`,
    `/notbitbucket/${HASH}`,
    `/Bitbucket/${HASH}`,
    `/bitbucket/${HASH.toUpperCase()}`,
    `/bitbucket/${HASH}/`,
    `/bitbucket/${HASH}/x`,
    `/bitbucket/${HASH}0`,
    `/bitbucket/${HASH.slice(1)}`,
    `/bitbucket//${HASH}`,
    `/bitbucket/x${HASH.slice(1)}`,
    `/bitbucket/${HASH}\n`,
    `/bitbucket/${HASH}?x`,
    `/bitbucket%2f${HASH}`,
  ])('finds none in %j', (path) => {
    expect(hashInPath(path)).toBeUndefined();
  });
});

describe('extracts the base from the URL of a receiver', () => {
  test.each([
    [`https://hooks.example.com/bitbucket/${HASH}`, 'https://hooks.example.com'],
    [`https://hooks.example.com:8443/a/b/bitbucket/${HASH}`, 'https://hooks.example.com:8443/a/b'],
    [`https://h/bitbucket/x/bitbucket/${HASH}`, 'https://h/bitbucket/x'],
    [`https://h/github/${HASH}`, undefined],
    [`https://h/bitbucket/${HASH}/more`, undefined],
    [`/kargo/bitbucket/${HASH}`, undefined],
    ['', undefined],
  ])('%s', (url, base) => {
    expect(baseOfReceiverUrl(url)).toBe(base);
  });
});

describe('compares base URLs', () => {
  test.each([
    ['https://hooks.example.com/kargo', 'https://hooks.example.com/kargo', true],
    ['https://hooks.example.com/kargo', 'https://hooks.example.com/kargo/', true],
    ['https://Hooks.example.com', 'https://hooks.example.com:443/', true],
    ['https://hooks.example.com/kargo', 'https://hooks.example.com/Kargo', false],
    ['https://hooks.example.com/kargo', 'https://hooks.example.com', false],
    ['https://hooks.example.com', 'http://hooks.example.com', false],
    ['https://hooks.example.com', 'https://hooks.example.com:8443', false],
  ])('%s and %s: %p', (one, other, isSame) => {
    expect(isSameBase(one, other)).toBe(isSame);
  });
});

test('formats a base URL as it is written into statuses', () => {
  expect(formatBaseUrl({ origin: 'https://hooks.example.com', path: '/a/../kargo/' })).toBe(
    'https://hooks.example.com/kargo',
  );
});
