import type { KubeConfig } from '@kubernetes/client-node';
import { ClusterConnection } from '../lib/adapters/kubernetes/cluster-connection.ts';
import type { ClusterCredentials } from '../lib/adapters/kubernetes/cluster-credentials.ts';
import { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { readKubeconfig } from '../lib/adapters/kubernetes/kubeconfig.ts';
import { KargoReceiverConfigs } from '../lib/adapters/kubernetes/receiver-configs.ts';
import { KargoRefreshableObjects } from '../lib/adapters/kubernetes/refreshable-objects.ts';
import { answerTo } from '../lib/adapters/gateway/answer.ts';
import { RetryableError } from '../lib/app/errors.ts';
import { Evaluation } from '../lib/app/targets/kargo/evaluation.ts';
import type { BitbucketEvent } from '../lib/core/bitbucket/event.ts';
import { parseDelivery } from '../lib/core/delivery/delivery.ts';
import { kindAffectedBy } from '../lib/core/kargo/affected-objects.ts';
import { describeMismatch } from '../lib/core/kargo/mismatch-text.ts';
import { usableReceivers, type Receiver } from '../lib/core/kargo/receiver.ts';
import type { Verdict } from '../lib/core/kargo/verdict.ts';
import type { ExplainOptions } from './explain-options.ts';
import { LocalError } from './local-settings.ts';
import { formatTable } from './table.ts';

/** A person waits. A cluster with 10,000 Warehouses takes seconds. */
const TIMEOUT_MS = 60_000;
const ATTEMPT_TIMEOUT_MS = 15_000;

/**
 * Explains for every Warehouse or Promotion that a receiver acts on whether a delivery would refresh it, and why not. It reads the cluster
 * and writes nothing.
 *
 * @returns the text for the terminal
 * @throws {LocalError} when there is no such receiver, or the cluster cannot be read
 */
export async function explainDelivery(kubeconfig: KubeConfig, options: ExplainOptions): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const credentials: ClusterCredentials = async () => ({
    endpoint: await readKubeconfig(kubeconfig.exportConfig(), 'the kubeconfig', signal),
  });
  const connection = new ClusterConnection(credentials, { attemptTimeoutMs: ATTEMPT_TIMEOUT_MS });
  const api = new KargoApi(connection);
  try {
    const receiver = await findReceiver(api, options, signal);
    const parsed = parseDelivery({ eventKey: options.event, body: options.body }, 'receiver');
    if (parsed.kind === 'event') return await explainEvent(api, parsed.event, receiver, signal);
    const { status, body } = answerTo(parsed);
    return `nothing is refreshed: the answer is ${status} ${JSON.stringify(body)}`;
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    throw new LocalError(`the cluster cannot be read: ${error.message}`, { cause: error });
  }
}

async function findReceiver(
  api: KargoApi,
  { project, receiver }: ExplainOptions,
  signal: AbortSignal,
): Promise<Receiver> {
  const { configs } = await new KargoReceiverConfigs(api).list(signal);
  const receivers = configs.flatMap(usableReceivers);
  const found = receivers.find((one) => one.project === project && one.name === receiver);
  if (found !== undefined) return found;
  const names = receivers.map(nameOf).join(', ') || 'none';
  throw new LocalError(
    `there is no receiver ${nameOf({ project, name: receiver })}. Bitbucket receivers: ${names}`,
  );
}

async function explainEvent(
  api: KargoApi,
  event: BitbucketEvent,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<string> {
  const kind = kindAffectedBy(event);
  const evaluation = await Evaluation.of(event, { signal });
  const rows: string[][] = [];
  let affected = 0;
  for await (const page of new KargoRefreshableObjects(api).pages(kind, receiver.project, signal)) {
    for (const object of page) {
      const verdict = await evaluation.judge(object);
      if (verdict.kind === 'affected') affected += 1;
      rows.push([`${object.namespace}/${object.name}`, ...describeVerdict(event, object.content, verdict)]);
    }
  }
  const table = formatTable([[kind, 'refreshed', 'why'], ...rows]);
  const summary = `${affected} of ${rows.length} ${kind}(s) would be refreshed. Nothing was written.`;
  return `receiver ${nameOf(receiver)}: ${describeEvent(event)}\n\n${table}\n\n${summary}`;
}

function describeVerdict(event: BitbucketEvent, content: unknown, verdict: Verdict): [string, string] {
  switch (verdict.kind) {
    case 'affected':
      return ['yes', ''];
    case 'unaffected':
      return ['no', describeMismatch(event, content, verdict)];
    case 'broken':
      return ['no', `skipped until it is corrected: ${verdict.reason}`];
    default:
      return verdict satisfies never;
  }
}

function describeEvent(event: BitbucketEvent): string {
  switch (event.kind) {
    case 'push': {
      const refs = event.refs.map(({ kind, name }) => `${kind} ${name}`).join(', ');
      return `push to ${event.addresses.join(', ')}: ${refs || 'only deleted refs'}`;
    }
    case 'pull-request-closed':
      return `closed pull request ${event.url}`;
    default:
      return event satisfies never;
  }
}

function nameOf({ project, name }: Pick<Receiver, 'project' | 'name'>): string {
  return project === '' ? `${name} of the ClusterConfig` : `${project}/${name}`;
}
