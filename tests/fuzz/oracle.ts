import { timingSafeEqual } from 'node:crypto';
import type { FakeRequest } from '../../local/fakes/loopback-server.ts';
import { hashOf, hmac, receivedBytes, type FuzzedDelivery } from './delivery.ts';
import type { FuzzedObject, Scene } from './scene.ts';
import { SECRETS } from './world.ts';

/** What a delivery caused. */
export interface Observation {
  readonly status: number | undefined;
  readonly contentType: unknown;
  readonly body: string;
  /** The requests that were to change something, and the statuses of their answers. */
  readonly writes: readonly ObservedWrite[];
}

export interface ObservedWrite extends Pick<FakeRequest, 'method' | 'path' | 'body'> {
  readonly status: number;
}

const MAX_BODY_BYTES = 2_097_152;

/** The events that refresh something, and the kind of object. */
const REFRESHING: ReadonlyMap<string, 'warehouse' | 'promotion'> = new Map([
  ['repo:push', 'warehouse'],
  ['repo:refs_changed', 'warehouse'],
  ['pullrequest:fulfilled', 'promotion'],
  ['pullrequest:rejected', 'promotion'],
  ['pr:merged', 'promotion'],
  ['pr:declined', 'promotion'],
]);

const REFRESH =
  /^\/apis\/kargo\.akuity\.io\/v1alpha1\/namespaces\/([a-z]+)\/(warehouse|promotion)s\/([a-z]+-\d+)$/;
/** Statuses, and the ConfigMaps of the index. */
const RECONCILER_PATH =
  /\/(?:project|cluster)configs\/[a-z]+\/status$|^\/api\/v1\/namespaces\/kargo-front-door\/configmaps/;
const REFRESH_BODY =
  /^\{"metadata":\{"annotations":\{"kargo\.akuity\.io\/refresh":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"\}\}\}$/;

/** Answers that a healthy or a disturbed cluster may cause, by status. Others are no documented answers. */
const DOCUMENTED: Readonly<Record<number, RegExp>> = {
  200: /^\{"msg":"(?:pong|ignored: event type .*|refreshed \d+ (?:warehouse|promotion)\(s\)(?:, \d+ refused by the cluster)?)"\}$/s,
  400: /^\{"error":"(?:missing event key"|invalid request body"(?:,"detail":".*")?)\}$/s,
  401: /^\{"error":"(?:missing signature|unauthorized)"\}$/,
  404: /^\{\}$/,
  413: /^\{"error":"content exceeds limit of 2097152 bytes"\}$/,
  503: /^\{"error":"(?:temporarily unavailable|cluster API [a-zA-Z ]+|refreshed \d+ of \d+ (?:warehouse|promotion)\(s\))"\}$/,
};

/** A receiver of a scene that has the path of a delivery. */
interface Declared {
  readonly project: string;
  readonly secrets: readonly string[];
  /** False where its config is mutated, so that it may not be served. */
  readonly certain: boolean;
}

/** Finds what a delivery did that it must not do, by rules that share no code with the functions. Returns undefined where there is nothing. */
export function findViolation(scene: Scene, delivery: FuzzedDelivery, seen: Observation): string | undefined {
  const { status = 0, body, contentType, writes } = seen;
  if (contentType !== 'application/json') return `the content type is ${String(contentType)}`;
  if (DOCUMENTED[status]?.test(body) !== true) return `${status} ${body} is no documented answer`;
  const receivers = declaredAt(scene, delivery.path);
  const verified = receivers.filter(({ secrets }) => isSigned(delivery, secrets));
  const unauthorized = writes.find(
    (write) => !isRefresh(write) || !verified.some((one) => covers(one, write)),
  );
  if (unauthorized) return `it sent ${unauthorized.method} ${unauthorized.path} ${unauthorized.body}`;
  const answers = possibleAnswers(delivery, receivers, verified);
  const answer = `${status} ${body}`;
  if (!answers.some((one) => (typeof one === 'string' ? one === answer : one.test(answer))))
    return `it was answered ${answer}, not ${answers.join(' or ')}`;
  return writes.length > 0 || body.includes('refreshed')
    ? findWrongRefresh(scene, delivery, verified, seen)
    : undefined;
}

/** Finds a write that is not the reconciler's to make. */
export function findUnexpectedWrite(writes: readonly ObservedWrite[]): string | undefined {
  const found = writes.find((write) => !RECONCILER_PATH.test(write.path) && !isRefresh(write));
  return found && `sent ${found.method} ${found.path} ${found.body}`;
}

/** Lists the possible answers, in the order in which the contract checks. */
function possibleAnswers(
  delivery: FuzzedDelivery,
  receivers: readonly Declared[],
  verified: readonly Declared[],
): (string | RegExp)[] {
  const disturbed = delivery.disturbance === undefined ? [] : [/^503 /];
  const unserved = receivers.some(({ certain }) => certain) ? [] : ['404 {}'];
  if (receivers.length === 0) return [...unserved, ...disturbed];
  return [...unserved, ...disturbed, answerOf(delivery, verified)];
}

function answerOf(delivery: FuzzedDelivery, verified: readonly Declared[]): string | RegExp {
  const event = header(delivery, 'x-event-key');
  const bytes = receivedBytes(delivery);
  if (bytes.length > MAX_BODY_BYTES) return '413 {"error":"content exceeds limit of 2097152 bytes"}';
  if (event === 'diagnostics:ping') return '200 {"msg":"pong"}';
  if (!header(delivery, 'x-hub-signature')) return '401 {"error":"missing signature"}';
  if (verified.length === 0) return '401 {"error":"unauthorized"}';
  if (!event) return '400 {"error":"missing event key"}';
  if (!REFRESHING.has(event)) return `200 ${JSON.stringify({ msg: `ignored: event type ${event}` })}`;
  if (!isJson(bytes)) return '400 {"error":"invalid request body"}';
  return delivery.facts === undefined ? /^(?:400 .*"detail":|200 .*refreshed)/s : /^200 .*refreshed/;
}

/** Compares the refreshed objects with those that the facts of the delivery affect. */
function findWrongRefresh(
  { objects }: Scene,
  delivery: FuzzedDelivery,
  [receiver]: readonly Declared[],
  { status, body, writes }: Observation,
): string | undefined {
  const kind = REFRESHING.get(header(delivery, 'x-event-key') ?? '');
  const refreshed = writes.filter((write) => write.status === 200).map(({ path }) => path);
  const [, count, refused] = /refreshed (\d+)(?:.*, (\d+) refused)?/.exec(body) ?? [];
  // What could not be looked up is the reason of its own answer, whatever was refreshed before.
  if (Number(count) !== refreshed.length && !(status === 503 && count === undefined))
    return `it refreshed ${refreshed.join() || 'nothing'} and answered ${body}`;
  if (new Set(refreshed).size < refreshed.length) return `it refreshed an object twice: ${refreshed.join()}`;
  const { facts } = delivery;
  for (const one of objects) {
    const { object } = one;
    const isWritten = refreshed.includes(pathOf(one));
    const isInScope =
      object.kind.toLowerCase() === kind &&
      (receiver?.project === '' || receiver?.project === object.metadata.namespace);
    if (isWritten && !isInScope) return `it refreshed ${pathOf(one)}`;
    if (one.affectedBy === undefined || facts === undefined) continue;
    const isAffected = isInScope && one.affectedBy.some((fact) => facts.includes(fact));
    if (isWritten && !isAffected) return `it refreshed ${pathOf(one)}, which it does not affect`;
    if (isAffected && !isWritten && status === 200 && refused === undefined)
      return `it did not refresh ${pathOf(one)}`;
  }
  return undefined;
}

/** Lists the receivers whose path this is, of every config, whether or not its status names them. */
function declaredAt({ configs }: Scene, path: string): Declared[] {
  const [, hash] = /(?:^|\/)bitbucket\/([0-9a-f]{64})$/.exec(path) ?? [];
  if (hash === undefined) return [];
  return configs.flatMap(({ object, affectedBy }) => {
    const { namespace: project = '' } = object.metadata;
    return declarationsIn(object.spec).flatMap(({ name, secretName }) => {
      const id = `kargo/${project || 'kargo-system-resources'}/${secretName}`;
      const { accepted = [] } = SECRETS[id] ?? {};
      return accepted.some((secret) => hashOf({ project, name, secret }) === hash)
        ? [{ project, secrets: accepted, certain: affectedBy !== undefined }]
        : [];
    });
  });
}

interface Declaration {
  readonly name: string;
  readonly secretName: string;
}

function declarationsIn(spec: unknown): Declaration[] {
  const list: unknown = field(spec, 'webhookReceivers');
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const [name, secretName] = [
      field(entry, 'name'),
      field(field(field(entry, 'bitbucket'), 'secretRef'), 'name'),
    ];
    return typeof name === 'string' && typeof secretName === 'string' ? [{ name, secretName }] : [];
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function isSigned(delivery: FuzzedDelivery, secrets: readonly string[]): boolean {
  const [, hex] = /^sha256=([0-9a-fA-F]{64})$/.exec(header(delivery, 'x-hub-signature') ?? '') ?? [];
  if (hex === undefined) return false;
  const bytes = receivedBytes(delivery);
  return secrets.some((secret) =>
    timingSafeEqual(Buffer.from(hex, 'hex'), Buffer.from(hmac(secret, bytes), 'hex')),
  );
}

function isRefresh({ method, path, body }: ObservedWrite): boolean {
  return method === 'PATCH' && REFRESH.test(path) && REFRESH_BODY.test(body);
}

function covers({ project }: Declared, { path }: ObservedWrite): boolean {
  return project === '' || REFRESH.exec(path)?.[1] === project;
}

function pathOf({ object: { kind, metadata } }: FuzzedObject): string {
  return `/apis/kargo.akuity.io/v1alpha1/namespaces/${metadata.namespace}/${kind.toLowerCase()}s/${metadata.name}`;
}

function header({ headers }: FuzzedDelivery, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
