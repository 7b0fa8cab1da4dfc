import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { LocalError } from './local-settings.ts';

const USAGE = `npm run explain -- --receiver PROJECT/NAME --payload FILE [--event KEY] [--cluster CONTEXT]

  --receiver  the receiver: demo/bb; for one of the ClusterConfig its name alone
  --payload   the body of a delivery, as Bitbucket shows it under "View requests"
  --event     the value of X-Event-Key; default: what the payload looks like
  --cluster   a context of the kubeconfig; default: the cluster of npm start`;

export interface ExplainOptions {
  /** Empty for the ClusterConfig. */
  readonly project: string;
  readonly receiver: string;
  readonly event: string;
  readonly body: Buffer;
  readonly cluster: string | undefined;
}

const payloads = {
  dataCenter: v.object({ eventKey: v.string() }),
  cloudPush: v.object({ push: v.object({}) }),
  cloudPullRequest: v.object({ pullrequest: v.object({}) }),
};

/** @throws {LocalError} for an unknown or a missing option, a file that cannot be read, or a payload of an unknown event */
export function readExplainOptions(args: readonly string[]): ExplainOptions {
  const option = { type: 'string' } as const;
  const options = { receiver: option, payload: option, event: option, cluster: option };
  let values: { receiver?: string; payload?: string; event?: string; cluster?: string };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new LocalError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
  const { receiver: name, payload, event, cluster } = values;
  if (!name || !payload) throw new LocalError(`--receiver and --payload must be set\n\n${USAGE}`);
  const [receiver = '', project = ''] = name.split('/').toReversed();
  const body = readPayload(payload);
  return { project, receiver, event: event ?? eventOf(body), body, cluster };
}

function readPayload(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new LocalError(`--payload: ${(cause as Error).message}`, { cause });
  }
}

/** Only Data Center writes the event's key into the body. */
function eventOf(body: Buffer): string {
  let payload: unknown;
  try {
    payload = JSON.parse(body.toString());
  } catch {
    payload = undefined;
  }
  if (v.is(payloads.dataCenter, payload)) return payload.eventKey;
  if (v.is(payloads.cloudPush, payload)) return 'repo:push';
  if (v.is(payloads.cloudPullRequest, payload)) return 'pullrequest:fulfilled';
  throw new LocalError('the payload does not show its event. Set --event.');
}
