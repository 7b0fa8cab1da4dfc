import { parseArgs } from 'node:util';
import { LocalError } from '../local/local-settings.ts';

const USAGE = `npm run redrive -- (--stack NAME | --queue-url URL --dlq-url URL) [--all | --id ID ...]

  Without --all and --id, shows what is in the dead-letter queue and changes nothing.

  --stack      name of the deployed stack, whose queues to use
  --queue-url  URL of the retry queue, instead of a stack's
  --dlq-url    URL of its dead-letter queue
  --all        sends back everything that can be read
  --id         sends back the message whose id begins with this; may be repeated`;

export interface RedriveOptions {
  readonly queues:
    | { readonly kind: 'stack'; readonly name: string }
    | { readonly kind: 'urls'; readonly queueUrl: string; readonly deadLetterUrl: string };
  /** Beginnings of ids; empty to send back nothing. */
  readonly send: 'all' | readonly string[];
}

/** @throws {LocalError} with the usage */
export function readRedriveOptions(args: readonly string[]): RedriveOptions {
  const text = { type: 'string' } as const;
  const options = {
    stack: text,
    'queue-url': text,
    'dlq-url': text,
    all: { type: 'boolean' },
    id: { type: 'string', multiple: true },
  } as const;
  const fail = (fault: string, cause?: unknown): never => {
    throw new LocalError(`${fault}\n\n${USAGE}`, { cause });
  };
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (cause) {
    return fail((cause as Error).message, cause);
  }
  const { stack, 'queue-url': queueUrl, 'dlq-url': deadLetterUrl, all = false, id: ids = [] } = values;
  if (all && ids.length > 0) fail('--all and --id exclude each other');
  const send = all ? 'all' : ids;
  if (stack !== undefined && queueUrl === undefined && deadLetterUrl === undefined)
    return { queues: { kind: 'stack', name: stack }, send };
  if (stack === undefined && queueUrl !== undefined && deadLetterUrl !== undefined)
    return { queues: { kind: 'urls', queueUrl, deadLetterUrl }, send };
  return fail('set either --stack, or --queue-url and --dlq-url');
}
