import pLimit from 'p-limit';
import { formatSubject, repositoryAt, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import { formatBaseUrl, type BaseUrl } from '../../core/kargo/receiver-path.ts';
import type { SecretReading } from '../../core/kargo/receiver-secret.ts';
import {
  usableReceivers,
  WEBHOOKS_ANNOTATION,
  type Receiver,
  type ReceiverConfig,
} from '../../core/kargo/receiver.ts';
import { repositoriesOf } from '../../core/kargo/object-parts.ts';
import { waitsForPullRequests } from '../../core/registration/project-objects.ts';
import { judgeWebhookReadiness, type WebhookReadiness } from '../../core/registration/webhook-readiness.ts';
import { MAX_SUBJECTS, readWebhookDeclaration } from '../../core/registration/webhook-declaration.ts';
import type { WebhookFailure } from '../../core/registration/webhook-failure.ts';
import type { ReceiverClaim } from '../../core/registration/webhook-plan.ts';
import { descriptionOf, eventsFor } from '../../core/registration/webhook.ts';
import { RetryableError } from '../errors.ts';
import type { Clock, ProjectObjects } from '../ports.ts';

/** Configs whose Warehouses and Stages are listed concurrently. */
const CONCURRENCY = 4;

export interface ClaimDeps {
  readonly objects: ProjectObjects;
  readonly base: BaseUrl;
  readonly graceMs: number;
  readonly clock: Clock;
}

/** A receiver that has, or may have, a webhook at a subject. */
interface ConfigClaim extends ReceiverClaim {
  readonly config: ReceiverConfig;
  /** Why the receiver is not ready; undefined where it is. */
  readonly waiting: WebhookFailure | undefined;
}

/** A subject and what is declared for it. */
export interface SubjectClaims {
  readonly subject: WebhookSubject;
  readonly claims: readonly ConfigClaim[];
}

/** What all configs declare. */
export interface DeclaredWebhooks {
  /** By the subject, formatted. */
  readonly subjects: ReadonlyMap<string, SubjectClaims>;
  /** Failures of configs that concern no single subject. */
  readonly failuresOf: ReadonlyMap<ReceiverConfig, readonly WebhookFailure[]>;
  /** Configs whose subjects are not all known: none of their webhooks is removed. */
  readonly incomplete: ReadonlySet<ReceiverConfig>;
}

/**
 * Collects what these configs declare: for each subject, the receivers with a webhook there. Failures of one config do not affect the others.
 *
 * @param configs - those with the annotation
 * @param servers - for which there are credentials
 * @throws {Error} for a bug only
 */
export async function collectClaims(
  deps: ClaimDeps,
  configs: readonly ReceiverConfig[],
  servers: readonly string[],
  secretOf: (receiver: Receiver) => SecretReading,
  signal: AbortSignal,
): Promise<DeclaredWebhooks> {
  const subjects = new Map<string, { subject: WebhookSubject; claims: ConfigClaim[] }>();
  const failuresOf = new Map<ReceiverConfig, WebhookFailure[]>();
  const incomplete = new Set<ReceiverConfig>();
  const facts = { base: deps.base, now: deps.clock(), graceMs: deps.graceMs };
  const collect = async (config: ReceiverConfig): Promise<void> => {
    const failures: WebhookFailure[] = [];
    failuresOf.set(config, failures);
    let declared: ConfigSubjects;
    try {
      declared = await readSubjects(deps.objects, config, servers, signal);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const message = `The Warehouses and Stages cannot be read: ${error.message}. The webhooks stay as they are.`;
      failures.push({ reason: 'ClusterUnavailable', message });
      incomplete.add(config);
      return;
    }
    failures.push(...declared.faults.map((message) => ({ reason: 'AnnotationInvalid' as const, message })));
    for (const receiver of usableReceivers(config)) {
      const address = judgeWebhookReadiness(config, receiver, { ...facts, reading: secretOf(receiver) });
      if (address.ready.kind === 'waiting' && declared.subjects.length === 0)
        failures.push(address.ready.failure);
      for (const subject of declared.subjects) {
        const key = formatSubject(subject);
        const entry = subjects.get(key) ?? { subject, claims: [] };
        subjects.set(key, entry);
        entry.claims.push(toClaim(config, receiver, address, subject, declared.withPullRequests, deps.base));
      }
    }
  };
  const limit = pLimit(CONCURRENCY);
  await Promise.all(configs.map((config) => limit(collect, config)));
  return { subjects, failuresOf, incomplete };
}

interface ConfigSubjects {
  readonly subjects: readonly WebhookSubject[];
  readonly withPullRequests: boolean;
  readonly faults: readonly string[];
}

/** Reads the repositories that the Warehouses of a project subscribe to, or those of all projects where it is empty. */
export async function readRepositories(
  objects: ProjectObjects,
  project: string,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<WebhookSubject[]> {
  const found = new Map<string, WebhookSubject>();
  for await (const page of objects.pages('warehouses', project, signal)) {
    for (const address of page.flatMap(({ content }) => repositoriesOf(content))) {
      const subject = repositoryAt(address, servers);
      if (subject !== undefined) found.set(formatSubject(subject), subject);
    }
  }
  return [...found.values()];
}

async function readSubjects(
  objects: ProjectObjects,
  { namespace, webhooks = '' }: ReceiverConfig,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<ConfigSubjects> {
  const declaration = readWebhookDeclaration(webhooks, servers);
  const subjects = new Map(declaration.subjects.map((subject) => [formatSubject(subject), subject]));
  if (declaration.includesRepositories) {
    const subscribed = await readRepositories(objects, namespace, servers, signal);
    for (const subject of subscribed) subjects.set(formatSubject(subject), subject);
  }
  const faults = [...declaration.faults];
  if (subjects.size > MAX_SUBJECTS) {
    faults.push(
      `The annotation ${WEBHOOKS_ANNOTATION} leads to ${subjects.size} subjects, of which ${MAX_SUBJECTS} have webhooks. ` +
        'Name a workspace or project instead.',
    );
  }
  return {
    subjects: [...subjects.values()].slice(0, MAX_SUBJECTS),
    withPullRequests: declaration.wantsPullRequests || (await hasWaitingStage(objects, namespace, signal)),
    faults,
  };
}

async function hasWaitingStage(
  objects: ProjectObjects,
  project: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const page of objects.pages('stages', project, signal)) {
    if (page.some(({ content }) => waitsForPullRequests(content))) return true;
  }
  return false;
}

function toClaim(
  config: ReceiverConfig,
  { project, name }: Receiver,
  { hashes, ready }: WebhookReadiness,
  { server }: WebhookSubject,
  withPullRequests: boolean,
  base: BaseUrl,
): ConfigClaim {
  const claim = { config, project, name, hashes };
  if (ready.kind === 'waiting') return { ...claim, desired: undefined, waiting: ready.failure };
  const { url, secret } = ready;
  const description = descriptionOf({ project, name }, formatBaseUrl(base));
  const desired = { description, url, secret, events: eventsFor(server, withPullRequests) };
  return { ...claim, desired, waiting: undefined };
}
