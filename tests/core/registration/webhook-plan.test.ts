import { describe, expect, test } from '@jest/globals';
import { planWebhooks, type ReceiverClaim } from '../../../lib/core/registration/webhook-plan.ts';
import {
  descriptionOf,
  digestOf,
  eventsFor,
  receiverInDescription,
  type Webhook,
} from '../../../lib/core/registration/webhook.ts';

const BASE = 'https://hooks.example.com/kargo';
const CURRENT = 'a'.repeat(64);
const PREVIOUS = 'b'.repeat(64);
const urlOf = (hash: string, base = BASE): string => `${base}/bitbucket/${hash}`;
const DESCRIPTION = 'Kargo receiver demo/bb at https://hooks.example.com/kargo';

const claim: ReceiverClaim = {
  project: 'demo',
  name: 'bb',
  hashes: [CURRENT, PREVIOUS],
  desired: { description: DESCRIPTION, url: urlOf(CURRENT), events: ['repo:push'], secret: 's3cret' },
};
const asDesired: Webhook = {
  id: '1',
  description: DESCRIPTION,
  url: urlOf(CURRENT),
  isActive: true,
  events: ['repo:push'],
  verifiesTls: true,
  secret: { kind: 'set' },
};
const handMade: Webhook = { ...asDesired, description: 'made by hand' };
/** Formats the actions: `update 1: inactive`. */
const plan = (
  webhooks: readonly Webhook[],
  claims: readonly ReceiverClaim[] = [claim],
  isRemoved = (): boolean => true,
): string[] =>
  planWebhooks(webhooks, BASE, claims, isRemoved).flatMap((action) => {
    if (action.kind === 'keep') return [];
    if (action.kind === 'create') return 'create';
    return `${action.kind} ${action.id}: ${action.kind === 'update' ? action.drift.join(', ') : action.why}`;
  });

describe('a webhook of the receiver', () => {
  test.each<[string, Partial<Webhook>, string[]]>([
    ['as desired stays', {}, []],
    ['with events in another order stays', { events: ['repo:push'].toReversed() }, []],
    ['with the same secret stays', { secret: { kind: 'set', digest: digestOf('s3cret') } }, []],
    ['that was deactivated is activated', { isActive: false }, ['update 1: inactive']],
    ['with fewer events gets them', { events: [] }, ['update 1: other events']],
    ['with more events loses them', { events: ['repo:push', 'repo:fork'] }, ['update 1: other events']],
    ['with the previous URL gets the current one', { url: urlOf(PREVIOUS) }, ['update 1: another URL']],
    ['with a mistyped URL gets the current one', { url: 'https://hooks.example' }, ['update 1: another URL']],
    ['without a secret gets it', { secret: { kind: 'unset' } }, ['update 1: no secret']],
    [
      'with another secret gets the current one',
      { secret: { kind: 'set', digest: digestOf('other') } },
      ['update 1: another secret'],
    ],
    ['that does not verify TLS does so', { verifiesTls: false }, ['update 1: TLS not verified']],
    ['made by hand is adopted by its URL', { description: '' }, ['update 1: another description']],
    [
      'made by hand is adopted by its previous URL',
      { description: 'mine', url: urlOf(PREVIOUS) },
      ['update 1: another URL, another description'],
    ],
    [
      'with several faults is updated once',
      { isActive: false, secret: { kind: 'unset' } },
      ['update 1: inactive, no secret'],
    ],
  ])('%s', (_title, change, expected) => {
    expect(plan([{ ...asDesired, ...change }])).toEqual(expected);
  });

  test('that is missing is created', () => {
    expect(plan([])).toEqual(['create']);
  });

  test('is the one with the right URL where there are two', () => {
    const outdated = { ...asDesired, id: '2', url: urlOf(PREVIOUS) };
    expect(plan([outdated, asDesired])).toEqual(['delete 2: a second webhook of the receiver']);
  });

  test('stays as it is while the receiver is not ready', () => {
    expect(plan([{ ...asDesired, isActive: false }], [{ ...claim, desired: undefined }])).toEqual([]);
  });

  test('goes where the receiver is no longer declared', () => {
    expect(plan([asDesired], [])).toEqual(['delete 1: no longer declared']);
  });

  test('stays where it is not known whether the receiver is declared', () => {
    expect(plan([asDesired], [], () => false)).toEqual([]);
  });
});

describe("others' webhooks are never touched", () => {
  test.each<[string, Partial<Webhook>]>([
    ['of another system', { description: 'CI', url: 'https://ci.example.com/hook' }],
    [
      'of another deployment',
      {
        description: 'Kargo receiver demo/bb at https://other.example.com',
        url: urlOf(CURRENT, 'https://other.example.com'),
      },
    ],
    [
      "of Kargo's own server with the same hash",
      { description: 'kargo', url: urlOf(CURRENT, 'https://kargo.example.com') },
    ],
    ['of another receiver, made by hand', { description: 'other', url: urlOf('c'.repeat(64)) }],
    ['of another base path', { description: '', url: urlOf(CURRENT, 'https://hooks.example.com') }],
    [
      'whose description only resembles ours',
      { description: `${DESCRIPTION}/x`, url: 'https://ci.example.com' },
    ],
  ])('%s', (_title, change) => {
    const other = { ...asDesired, id: '2', ...change };
    expect(plan([asDesired, other])).toEqual([]);
    expect(plan([other], [])).toEqual([]);
  });

  test('of another receiver of this deployment, which has a claim of its own', () => {
    const second: ReceiverClaim = {
      ...claim,
      name: 'bc',
      hashes: ['c'.repeat(64)],
      desired: {
        description: descriptionOf({ project: 'demo', name: 'bc' }, BASE),
        url: urlOf('c'.repeat(64)),
        events: ['repo:push'],
        secret: 'x',
      },
    };
    expect(plan([asDesired], [claim, second])).toEqual(['create']);
  });
});

test('a webhook that was made by hand is not deleted where the receiver is not declared here', () => {
  expect(plan([handMade], [])).toEqual([]);
});

test.each([
  ['demo', 'bb', DESCRIPTION],
  ['', 'workspace', 'Kargo receiver (cluster)/workspace at https://hooks.example.com/kargo'],
])('the description of %s/%s names the receiver', (project, name, expected) => {
  expect(descriptionOf({ project, name }, BASE)).toBe(expected);
  expect(receiverInDescription(expected, BASE)).toEqual({ project, name });
});

test('a description that is too long for Bitbucket is replaced by its digest, and still recognized', () => {
  const name = 'n'.repeat(250);
  const description = descriptionOf({ project: 'demo', name }, BASE);
  expect(description).toMatch(/^Kargo receiver [0-9a-f]{64}$/);
  const long = {
    ...claim,
    name,
    desired: { description, url: urlOf(CURRENT), events: ['repo:push'], secret: 's' },
  };
  expect(plan([{ ...asDesired, description, url: 'https://moved.example.com' }], [long])).toEqual([
    'update 1: another URL',
  ]);
});

test.each([
  ['https://bitbucket.org', false, ['repo:push']],
  ['https://bitbucket.org', true, ['repo:push', 'pullrequest:fulfilled', 'pullrequest:rejected']],
  ['https://git.acme.example', false, ['repo:refs_changed']],
  ['https://git.acme.example', true, ['repo:refs_changed', 'pr:merged', 'pr:declined']],
])('the events of %s with pull requests %s', (server, withPullRequests, expected) => {
  expect(eventsFor(server, withPullRequests)).toEqual(expected);
});
