import * as fc from 'fast-check';
import { misshapen } from '../support/misshapen.ts';
import { ownSample, PULL_REQUESTS, REFS, SAMPLES } from './world.ts';

/** The event and the body of a delivery. */
export interface Content {
  readonly event: string;
  readonly bytes: Buffer;
  /** What a well-formed payload reports; undefined for a mutated one. */
  readonly facts: readonly string[] | undefined;
}

const MAX_BODY_BYTES = 2 * 1024 * 1024;

const content = (event: string, payload: unknown, facts?: readonly string[]): Content => ({
  event,
  bytes: Buffer.from(JSON.stringify(payload) ?? ''),
  facts,
});

const refs = fc.subarray([...REFS]);

const cloudPushes = refs.map((pushed) => {
  const payload = ownSample('repo-push') as { push: object };
  const changes = pushed.map((ref) => {
    const [type, name] = ref.split(' ');
    return { old: null, new: { type, name, target: { hash: 'f'.repeat(40) } } };
  });
  const facts = pushed.map((ref) => `push cloud ${ref}`);
  return content('repo:push', { ...payload, push: { changes } }, facts);
});

const dataCenterPushes = refs.map((pushed) => {
  const changes = pushed.map((ref) => {
    const id = ref.replace('branch ', 'refs/heads/').replace('tag ', 'refs/tags/');
    return { ref: { id }, refId: id, toHash: 'f'.repeat(40), type: 'UPDATE' };
  });
  const payload = { ...(ownSample('repo-refs_changed') as object), changes };
  return content(
    'repo:refs_changed',
    payload,
    pushed.map((ref) => `push data-center ${ref}`),
  );
});

const pullRequests = fc
  .constantFrom(
    ['pullrequest:fulfilled', 'pullrequest-fulfilled', PULL_REQUESTS.cloud] as const,
    ['pullrequest:rejected', 'pullrequest-rejected', PULL_REQUESTS.cloud] as const,
    ['pr:merged', 'pr-merged', PULL_REQUESTS['data-center']] as const,
    ['pr:declined', 'pr-declined', PULL_REQUESTS['data-center']] as const,
  )
  .map(([event, sample, url]) => content(event, ownSample(sample), [`pull request ${url}`]));

const wellFormed = fc.oneof(
  { arbitrary: cloudPushes, weight: 3 },
  { arbitrary: dataCenterPushes, weight: 2 },
  { arbitrary: pullRequests, weight: 2 },
);

/** The event of each sample, by the first words of its file's name. */
const SAMPLE_EVENTS: readonly (readonly [prefix: RegExp, event: string])[] = [
  [/\/repo-push/, 'repo:push'],
  [/\/repo-refs.changed/, 'repo:refs_changed'],
  [/\/pullrequest-fulfilled/, 'pullrequest:fulfilled'],
  [/\/pullrequest-rejected/, 'pullrequest:rejected'],
  [/\/pr-merged/, 'pr:merged'],
  [/\/pr-declined/, 'pr:declined'],
  [/\/diagnostics-ping/, 'diagnostics:ping'],
];

const samples = fc.constantFrom(...SAMPLES).map(([file, payload]) => {
  const [, event = 'repo:push'] = SAMPLE_EVENTS.find(([prefix]) => prefix.test(file)) ?? [];
  return { event, payload };
});

/** Text of any UTF-16 code units, lone surrogates included. */
export const anyText = fc
  .array(fc.nat({ max: 0xffff }), { maxLength: 50 })
  .map((units) => String.fromCharCode(...units));

const STRANGE = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, '', [null], 0, false, { __proto__: null }, 1e21),
  fc.constantFrom('refs/heads/', 'refs/tags/\u0000', 'v'.repeat(5_000), '\ud800', '-', '~', '..', 'HEAD'),
  fc.constantFrom(
    'https://bitbucket.org/acme/shop',
    'https://git.acme.example/projects/SHOP/repos/web/browse',
    `https://x/${'%2e/'.repeat(2_000)}`,
    'http://[',
    'javascript:0',
  ),
  anyText,
);

const misshapenSamples = samples.chain(({ event, payload }) =>
  misshapen(payload, STRANGE).map((changed) => content(event, changed)),
);

const damagedBytes = fc
  .tuple(
    fc.oneof(
      wellFormed,
      samples.map(({ event, payload }) => content(event, payload)),
    ),
    fc.array(
      fc.tuple(
        fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'end'),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([{ event, bytes }, changes]) => ({
    event,
    bytes: changes.reduce(damage, bytes),
    facts: undefined,
  }));

function damage(bytes: Buffer, [how, position, added]: [string, number, Uint8Array]): Buffer {
  const at = bytes.length === 0 ? 0 : position % bytes.length;
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (how) {
    case 'flip':
      return Buffer.concat([before, added, after.subarray(added.length)]);
    case 'cut':
      return Buffer.concat([before, after.subarray(position % 64)]);
    case 'insert':
      return Buffer.concat([before, added, after]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, 64), after]);
    default:
      return Buffer.from(before);
  }
}

const oversized = fc
  .tuple(
    fc.constantFrom('repo:push', 'repo:refs_changed', 'pr:merged', 'repo:fork'),
    fc.constantFrom('spaces', 'nested', 'changes', 'wide', 'text'),
    fc.constantFrom(-1, 0, 1, 100_000),
  )
  .map(([event, shape, excess]) => {
    const length = MAX_BODY_BYTES + excess;
    const text = {
      spaces: () => JSON.stringify(ownSample('repo-push')),
      nested: () => '['.repeat(length),
      changes: () =>
        `{"repository":{"full_name":"acme/shop"},"push":{"changes":[${manyChanges(length - 100)}]}}`,
      wide: () => `{${Array.from({ length: 100_000 }, (_, index) => `"k${index}":[]`).join()}}`,
      text: () => `{"push":{"changes":[{"new":{"type":"tag","name":"${'x'.repeat(length - 100)}"}}]}}`,
    }[shape]();
    return { event, bytes: Buffer.from(text.padEnd(length, ' ')), facts: undefined };
  });

function manyChanges(length: number): string {
  const change = '{"new":{"type":"tag","name":"v1.0.0"}}';
  return Array.from({ length: Math.floor(length / (change.length + 1)) }, () => change).join();
}

/** Generates the contents of deliveries; three in five are well formed. */
export const contents = fc.oneof(
  { arbitrary: wellFormed, weight: 480 },
  { arbitrary: misshapenSamples, weight: 200 },
  { arbitrary: damagedBytes, weight: 80 },
  {
    arbitrary: fc.uint8Array().map((bytes) => ({ ...content('repo:push', 0), bytes: Buffer.from(bytes) })),
    weight: 20,
  },
  { arbitrary: fc.jsonValue().map((value) => content('repo:push', value)), weight: 20 },
  { arbitrary: oversized, weight: 1 },
);
