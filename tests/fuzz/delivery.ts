import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { contents } from './content.ts';
import { RECEIVERS, UNUSABLE_RECEIVERS, type KnownReceiver } from './world.ts';

/** A delivery as the gateway passes it on. */
export interface FuzzedDelivery {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly isBase64Encoded: boolean;
  /** What a well-formed payload reports; undefined for a mutated one. */
  readonly facts: readonly string[] | undefined;
  /** How the cluster answers some of its requests meanwhile. */
  readonly disturbance: Disturbance | undefined;
}

/** An answer that the cluster returns instead of its own. */
export interface Disturbance {
  readonly method: 'GET' | 'PATCH';
  /** Every n-th request of the method is disturbed. */
  readonly every: number;
  readonly status: number;
  readonly text: string;
}

/** How bytes become the text of the gateway's event. The first two are the gateway's own. */
const ENCODINGS: Readonly<
  Record<string, (bytes: Buffer) => Pick<FuzzedDelivery, 'body' | 'isBase64Encoded'>>
> = {
  text: (bytes) => ({ body: bytes.toString('utf8'), isBase64Encoded: false }),
  base64: (bytes) => ({ body: bytes.toString('base64'), isBase64Encoded: true }),
  base64url: (bytes) => ({ body: bytes.toString('base64url'), isBase64Encoded: true }),
  lines: (bytes) => ({
    body: bytes.toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    isBase64Encoded: true,
  }),
  'not encoded': (bytes) => ({ body: bytes.toString('latin1'), isBase64Encoded: true }),
  'flag missing': (bytes) => ({ body: bytes.toString('base64'), isBase64Encoded: false }),
  utf16: (bytes) => ({
    body: Buffer.from(bytes.toString('utf8'), 'utf16le').toString('base64'),
    isBase64Encoded: true,
  }),
  none: () => ({ body: undefined, isBase64Encoded: false }),
};

const encodings = mostly(['text', 'base64'], Object.keys(ENCODINGS));

/** How the value of `X-Hub-Signature` is made of the receiver's secret and the bytes; undefined leaves it out. */
const SIGNATURES: Readonly<Record<string, (secret: string, bytes: Buffer) => string | undefined>> = {
  valid: (secret, bytes) => `sha256=${hmac(secret, bytes)}`,
  'upper case': (secret, bytes) => `sha256=${hmac(secret, bytes).toUpperCase()}`,
  'other secret': (_secret, bytes) => `sha256=${hmac('another', bytes)}`,
  "other project's": (_secret, bytes) => `sha256=${hmac('jsön-secret', bytes)}`,
  'no secret': (_secret, bytes) => `sha256=${hmac('', bytes)}`,
  sha1: (secret, bytes) => `sha1=${hmac(secret, bytes, 'sha1')}`,
  sha512: (secret, bytes) => `sha512=${hmac(secret, bytes, 'sha512')}`,
  'sha1 as sha256': (secret, bytes) => `sha256=${hmac(secret, bytes, 'sha1')}`,
  'more bytes': (secret, bytes) => `sha256=${hmac(secret, Buffer.concat([bytes, Buffer.from(' ')]))}`,
  'no bytes': (secret) => `sha256=${hmac(secret, Buffer.alloc(0))}`,
  bare: (secret, bytes) => hmac(secret, bytes),
  twice: (secret, bytes) => `sha256=${hmac(secret, bytes)},sha256=${hmac(secret, bytes)}`,
  short: (secret, bytes) => `sha256=${hmac(secret, bytes).slice(0, 63)}`,
  long: (secret, bytes) => `sha256=${hmac(secret, bytes)}0`,
  spaced: (secret, bytes) => ` sha256=${hmac(secret, bytes)} `,
  'line end': (secret, bytes) => `sha256=${hmac(secret, bytes)}\n`,
  'upper name': (secret, bytes) => `SHA256=${hmac(secret, bytes)}`,
  zeros: () => `sha256=${'0'.repeat(64)}`,
  algorithm: () => 'sha256=',
  empty: () => '',
  none: () => undefined,
};

const signatures = mostly(['valid'], Object.keys(SIGNATURES));

/** How a path is made of the receiver's hash. The first two are valid. */
const PATHS: Readonly<Record<string, (hash: string) => string>> = {
  plain: (hash) => `/bitbucket/${hash}`,
  'below a base': (hash) => `/stage/kargo/bitbucket/${hash}`,
  'upper case': (hash) => `/bitbucket/${hash.toUpperCase()}`,
  'trailing slash': (hash) => `/bitbucket/${hash}/`,
  'line end': (hash) => `/bitbucket/${hash}\n`,
  query: (hash) => `/bitbucket/${hash}?x`,
  short: (hash) => `/bitbucket/${hash.slice(1)}`,
  'other hash': (hash) => `/bitbucket/${hash.replaceAll('a', 'b')}`,
  'other kind': (hash) => `/github/${hash}`,
  prefixed: (hash) => `/notbitbucket/${hash}`,
  dots: (hash) => `/bitbucket/../bitbucket/${hash}/..`,
  hidden: () => '/bitbucket/__proto__',
  none: () => '',
};

const paths = mostly(['plain', 'below a base'], Object.keys(PATHS));

const receivers = fc.oneof(
  { arbitrary: fc.constantFrom(...RECEIVERS), weight: 24 },
  { arbitrary: fc.constantFrom(...UNUSABLE_RECEIVERS), weight: 1 },
);

const eventKeys = fc.oneof(
  { arbitrary: fc.constant('its own'), weight: 30 },
  {
    arbitrary: fc.constantFrom(
      'repo:push',
      'pr:merged',
      'diagnostics:ping',
      'repo:fork',
      '',
      'REPO:PUSH',
      '__proto__',
    ),
    weight: 2,
  },
  { arbitrary: fc.constant(undefined), weight: 1 },
  { arbitrary: fc.string({ maxLength: 300 }), weight: 1 },
);

const moreHeaders = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'x-request-uuid',
    'x-request-id',
    'x-hook-uuid',
    'x-attempt-number',
    'content-encoding',
    'user-agent',
    'cookie',
    'x-forwarded-for',
    'constructor',
  ),
  fc.oneof(
    fc.constantFrom('application/json', 'application/json; charset=utf-16', 'text/plain', 'gzip', ''),
    fc.string({ maxLength: 200 }),
  ),
  { maxKeys: 4 },
);

const disturbances = fc.record({
  method: fc.constantFrom('GET' as const, 'PATCH' as const),
  every: fc.integer({ min: 1, max: 3 }),
  status: fc.constantFrom(301, 401, 403, 404, 408, 409, 410, 429, 500, 502, 503, 504, 200),
  text: fc.constantFrom(
    '',
    'null',
    '[]',
    '{"items":[{}]}',
    '{"items":7}',
    '<html>',
    '{"kind":"Status","message":7}',
    '{"',
  ),
});

/** Generates deliveries of which about half are valid in every respect. */
export const deliveries: fc.Arbitrary<FuzzedDelivery> = fc
  .record({
    receiver: receivers,
    content: contents,
    encoding: encodings,
    signature: signatures,
    path: paths,
    eventKey: eventKeys,
    capitals: fc.boolean(),
    more: moreHeaders,
    disturbance: fc.option(disturbances, { nil: undefined, freq: 20 }),
  })
  .map(({ receiver, content: { event, bytes, facts }, more, disturbance, ...chosen }) => {
    const encoded = ENCODINGS[chosen.encoding]?.(bytes) ?? { body: undefined, isBase64Encoded: false };
    const received = receivedBytes(encoded);
    const signature = SIGNATURES[chosen.signature]?.(receiver.secret, received);
    const eventKey = chosen.eventKey === 'its own' ? event : chosen.eventKey;
    const own = chosen.capitals ? (name: string) => name.toUpperCase() : (name: string) => name;
    return {
      path: PATHS[chosen.path]?.(hashOf(receiver)) ?? '',
      headers: {
        ...more,
        ...(eventKey !== undefined && { [own('x-event-key')]: eventKey }),
        ...(signature !== undefined && { [own('x-hub-signature')]: signature }),
      },
      ...encoded,
      facts: received.equals(bytes) && eventKey === event ? facts : undefined,
      // An answer of success that holds nothing would count as a patch.
      disturbance: disturbance?.status === 200 ? { ...disturbance, method: 'GET' } : disturbance,
    };
  });

/** Returns the bytes that the body of a gateway's event stands for. */
export function receivedBytes({
  body = '',
  isBase64Encoded,
}: Pick<FuzzedDelivery, 'body' | 'isBase64Encoded'>): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

/** Returns the hash that Kargo puts into a receiver's path. */
export function hashOf({ project, name, secret }: KnownReceiver): string {
  return createHash('sha256')
    .update(project + name + secret)
    .digest('hex');
}

export function hmac(secret: string, bytes: Buffer, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(bytes).digest('hex');
}

/** Prefers the usual ones to the others, fifteen to one. */
function mostly(usual: readonly string[], all: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...usual), weight: 15 },
    { arbitrary: fc.constantFrom(...all), weight: 1 },
  );
}
