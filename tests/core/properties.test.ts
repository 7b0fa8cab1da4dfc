import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { judgeObject } from '../../lib/core/kargo/affected-objects.ts';
import { finish } from '../support/steps.ts';
import { readReceiverConfig } from '../../lib/core/kargo/receiver.ts';
import { payloadReaderOf } from '../../lib/core/bitbucket/event-readers.ts';
import {
  cloudAddresses,
  dataCenterAddresses,
  isAddressOf,
} from '../../lib/core/bitbucket/repository-identity.ts';
import { verifiesSignature } from '../../lib/core/delivery/signature.ts';
import { anyText } from '../support/any-text.ts';
import { cloudPullRequest, cloudPush, dataCenterPullRequest, refsChanged } from '../support/payloads.ts';
import { signatureOf } from '../support/deliver.ts';
import { misshapen } from '../support/misshapen.ts';

const samples: [event: string, payload: object][] = [
  ['repo:push', cloudPush('acme/shop', 'main', 'tag v1', 'deleted old')],
  ['pullrequest:fulfilled', cloudPullRequest()],
  ['repo:refs_changed', refsChanged('refs/heads/main', 'refs/tags/v1')],
  ['pr:merged', dataCenterPullRequest()],
];

describe.each(samples)('the reader of %s', (event, sample) => {
  const read = payloadReaderOf(event);

  test('returns an event or the field at fault, whatever it reads, and changes nothing in it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), misshapen(sample)), (payload) => {
        const before = JSON.stringify(payload);
        const reading = read?.(payload);
        expect(JSON.parse(JSON.stringify(reading))).toEqual(reading);
        expect(reading?.kind === 'invalid' ? reading.detail : reading?.kind).toMatch(
          /^(event|\S+( body)? (is missing|must be (object|array|string)( or \w+)*, not \w+))$/,
        );
        expect(JSON.stringify(payload)).toBe(before);
      }),
    );
  });

  test('repeats no value of the payload in a rejection', () => {
    const marker = 'MARKER';
    fc.assert(
      fc.property(
        misshapen(sample, fc.constantFrom<unknown>(marker, [marker], { [marker]: marker })),
        (payload) => {
          const reading = read?.(payload);
          expect(reading?.kind === 'invalid' ? reading.detail : '').not.toContain(marker);
        },
      ),
    );
  });
});

describe('the addresses of a repository', () => {
  const part = fc.stringMatching(/^[a-z0-9][a-z0-9_.~-]{0,8}[a-z0-9]$/);
  const host = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z]\.[a-z]{2,3}$/);
  const address = fc
    .tuple(
      fc.constantFrom('https://', 'http://', 'ssh://git@', 'git@', 'https://u:p@'),
      host,
      part,
      part,
      fc.constantFrom('', '.git', '/'),
    )
    .map(
      ([scheme, name, first, second, end]) =>
        `${scheme}${name}${scheme === 'git@' ? ':' : '/'}${first}/${second}${end}`,
    );
  // fc.webUrl makes a table of all characters first.
  const url = fc
    .tuple(fc.constantFrom('http', 'https'), fc.webAuthority({ withUserInfo: true, withPort: true }), anyText)
    .map(([scheme, authority, path]) => `${scheme}://${authority}/${encodeURI(path)}`);
  const anything = fc.oneof(address, fc.string(), anyText, url);
  const same = (one: string, other: string): boolean => isAddressOf(cloudAddresses(one), other);

  test('is reflexive, whatever the address', () => {
    fc.assert(fc.property(anything, (one) => expect(same(one, one)).toBe(true)));
  });

  test('is symmetric', () => {
    fc.assert(
      fc.property(anything, anything, (one, other) => expect(same(one, other)).toBe(same(other, one))),
    );
  });

  test('does not depend on letter case, user, `.git` and a trailing slash', () => {
    fc.assert(
      fc.property(host, part, part, (name, first, second) => {
        const plain = `https://${name}/${first}/${second}`.replace(/(\.git)+$/, '');
        const others = [`${plain}/`, `${plain}.git`, plain.toUpperCase(), plain.replace('//', '//user:x@')];
        expect(others.filter((other) => !same(plain, other))).toEqual([]);
      }),
    );
  });

  test('differs between hosts, workspaces and repositories', () => {
    const place = fc.tuple(host, part, part).filter((parts) => parts.every((text) => !text.endsWith('.git')));
    fc.assert(
      fc.property(place, place, (one, other) => {
        const equal = one.join('/') === other.join('/');
        expect(same(`https://${one.join('/')}`, `ssh://git@${other.join('/')}.git`)).toBe(equal);
      }),
    );
  });

  test('of Data Center contains every clone link, and never throws', () => {
    const option = fc.option(anything, { nil: undefined });
    const links = fc.record({
      clone: fc.array(anything, { maxLength: 3 }),
      self: option,
      projectKey: option,
      slug: option,
    });
    fc.assert(
      fc.property(links, (given) => {
        const addresses = dataCenterAddresses(given);
        const unknown = given.clone.filter((link) => !isAddressOf(addresses, link));
        expect(unknown).toEqual([]);
      }),
    );
  });
});

test('a signature verifies only with its own secret and over its own bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  const secret = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(bytes, bytes, secret, secret, (body, otherBody, one, other) => {
      const signature = signatureOf(Buffer.from(body), one);
      expect(verifiesSignature(signature, body, one)).toBe(true);
      // HMAC pads short keys with zero bytes.
      const sameKey = one.replace(/\0+$/, '') === other.replace(/\0+$/, '');
      expect(verifiesSignature(signature, body, other)).toBe(sameKey);
      expect(verifiesSignature(signature, otherBody, one)).toBe(Buffer.from(body).equals(otherBody));
    }),
  );
});

test('arbitrary text neither verifies as a signature nor throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{64}$/)), (signature) => {
      expect(verifiesSignature(signature, Buffer.from('{}'), 's3cret')).toBe(false);
      expect(verifiesSignature(`sha256=${signature}`, Buffer.from('{}'), 's3cret')).toBe(false);
    }),
  );
});

test('judging objects and reading configs never throw, whatever the object', () => {
  const repoURL = 'https://bitbucket.org/acme/shop';
  const object = {
    metadata: { name: 'a', namespace: 'a', generation: 1 },
    spec: {
      subscriptions: [
        {
          git: {
            repoURL,
            commitSelectionStrategy: 'SemVer',
            semverConstraint: '^1',
            allowTagsRegexes: ['^v'],
          },
        },
      ],
      steps: [{ uses: 'git-wait-for-pr', as: 'wait' }],
      webhookReceivers: [{ name: 'bb', bitbucket: { secretRef: { name: 'bitbucket' } } }],
    },
    status: {
      phase: 'Running',
      currentStep: 0,
      state: { wait: { pr: { url: 'u' } } },
      webhookReceivers: [{ name: 'bb', path: '/x', url: 'u' }],
      conditions: [{ type: 'Ready' }],
    },
  };
  const push = {
    kind: 'push',
    addresses: cloudAddresses(repoURL),
    refs: [{ kind: 'tag', name: 'v1.0.0' }],
  } as const;
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), misshapen(object)), (content) => {
      expect(finish(judgeObject(push, content)).kind).toMatch(/^(affected|unaffected|broken)$/);
      expect(finish(judgeObject({ kind: 'pull-request-closed', url: 'u' }, content)).kind).toMatch(
        /^(affected|unaffected|broken)$/,
      );
      expect(typeof readReceiverConfig('ProjectConfig', content)).toMatch(/^(object|string)$/);
    }),
  );
});
