import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { passSeconds, stopClock } from '../support/clock.ts';
import { deliver, signatureOf, type DeliveryOptions, type ReceiverHandler } from '../support/deliver.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';
import { misshapen } from '../support/misshapen.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';
import { cloudPullRequest, cloudPush, dataCenterPullRequest, refsChanged } from '../support/payloads.ts';

let testbed: Testbed;
let handler: ReceiverHandler;

beforeAll(async () => {
  stopClock();
  testbed = await startTestbed({
    objects: [
      ...project('demo'),
      warehouse('demo', 'main'),
      warehouse('demo', 'data-center', { repoURL: 'https://git.acme.example/scm/shop/web' }),
      warehouse('demo', 'tags', { commitSelectionStrategy: 'SemVer', semverConstraint: '*' }),
      promotion('demo', 'cloud', 'https://bitbucket.org/acme/shop/pull-requests/7'),
      promotion('demo', 'server', 'https://git.acme.example/projects/SHOP/repos/web/pull-requests/3'),
    ],
  });
  handler = await testbed.receiver();
  await testbed.reconcile();
});

beforeEach(() => testbed.cluster.reset());
afterAll(() => testbed.close());

const samples: [event: string, payload: object][] = [
  ['repo:push', cloudPush('acme/shop', 'main', 'tag v1.0.0')],
  ['pullrequest:rejected', cloudPullRequest()],
  ['repo:refs_changed', refsChanged('refs/heads/main')],
  ['pr:merged', dataCenterPullRequest()],
];
const events = fc.oneof(
  fc.constantFrom<(string | null)[]>(
    ...samples.map(([event]) => event),
    'diagnostics:ping',
    'repo:fork',
    '',
    null,
  ),
  fc.string(),
);
const payloads = fc.oneof(
  fc.jsonValue(),
  ...samples.flatMap(([, payload]) => [fc.constant(payload), misshapen(payload)]),
);
const bodies = fc.oneof(
  payloads.map((payload) => Buffer.from(JSON.stringify(payload))),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);
/** Deliveries with any event and body. Each test adds signature and path. */
const deliveries = fc.record({ event: events, body: bodies, base64: fc.constant(true) });

const patches = (): number => testbed.cluster.requests.filter(({ method }) => method === 'PATCH').length;

test('no signed delivery causes an internal error', async () => {
  await fc.assert(
    fc.asyncProperty(deliveries, async (delivery) => {
      const { status } = await deliver(handler, delivery);
      expect([200, 400]).toContain(status);
    }),
    { numRuns: 300 },
  );
  // Some of them were valid pushes.
  expect(patches()).toBeGreaterThan(0);
});

test('no delivery without a valid signature refreshes anything', async () => {
  // Made once: making them takes as long as ten deliveries.
  const texts = fc.string();
  const digests = fc.stringMatching(/^sha256=[0-9a-f]{64}$/);
  const signatures = (body: Buffer): fc.Arbitrary<string | null> =>
    fc.oneof(
      fc.constantFrom(
        null,
        signatureOf(body, 'another'),
        signatureOf(body, 's3cret', 'sha1'),
        signatureOf(body, 's3cret', 'sha512'),
        signatureOf(body).replace('sha256=', ''),
        signatureOf(body).replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
        `${signatureOf(body)}, ${signatureOf(body)}`,
        signatureOf(Buffer.concat([body, Buffer.from(' ')])),
      ),
      texts,
      digests,
    );
  const unsigned = deliveries.chain((delivery) =>
    signatures(delivery.body).map((signature): DeliveryOptions => ({ ...delivery, signature })),
  );
  await fc.assert(
    fc.asyncProperty(unsigned, async (delivery) => {
      const { status } = await deliver(handler, delivery);
      expect(status).toBe(delivery.event === 'diagnostics:ping' ? 200 : 401);
    }),
    { numRuns: 300 },
  );
  expect(patches()).toBe(0);
});

test('no delivery to another path refreshes anything', async () => {
  const paths = fc.oneof(
    fc.string(),
    fc.string().map((text) => `/bitbucket/${text}`),
    fc.stringMatching(/^\/bitbucket\/[0-9a-f]{64}$/),
  );
  await fc.assert(
    fc.asyncProperty(deliveries, paths, async (delivery, path) => {
      passSeconds(3);
      expect(await deliver(handler, { ...delivery, path })).toEqual({ status: 404, body: {} });
    }),
  );
  expect(patches()).toBe(0);
});
