import { parseArgs } from 'node:util';
import { LocalError } from '../../local/local-settings.ts';
import type { ReceiverChoice } from './installation.ts';

const USAGE = `npm run doctor -- [--stack NAME] [--receiver PROJECT/NAME] [--cluster CONTEXT] [--json]

  --stack     name of the stack to check, in the account and region of AWS_PROFILE and AWS_REGION; default: what npm start serves
  --receiver  one receiver: demo/bb; for one of the ClusterConfig its name alone; default: all
  --cluster   a context of the kubeconfig; default: the cluster as the functions' settings say
  --json      print the results as JSON`;

export interface DoctorOptions {
  readonly stack: string | undefined;
  readonly receiver: ReceiverChoice | undefined;
  readonly cluster: string | undefined;
  readonly json: boolean;
}

/** @throws {LocalError} for an unknown option */
export function readDoctorOptions(args: readonly string[]): DoctorOptions {
  const option = { type: 'string' } as const;
  const options = { stack: option, receiver: option, cluster: option, json: { type: 'boolean' } } as const;
  try {
    const { stack, receiver, cluster, json = false } = parseArgs({ args: [...args], options }).values;
    return { stack, receiver: receiver === undefined ? undefined : readReceiver(receiver), cluster, json };
  } catch (cause) {
    throw new LocalError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
}

function readReceiver(text: string): ReceiverChoice {
  const [name = '', project = ''] = text.split('/').toReversed();
  return { project, name };
}
