import type { RetryMessage } from '../lib/app/redelivery/retry-message.ts';
import type { BitbucketEvent } from '../lib/core/bitbucket/event.ts';
import { MAX_DEAD_LETTERS, type DeadLetter, type DeadLetters, type ReadableLetter } from './dead-letters.ts';
import type { RedriveOptions } from './redrive-options.ts';

/** The queue or a message is not what was asked for. The message says what. */
export class RedriveError extends Error {
  override readonly name = 'RedriveError';
}

/** Names in one line. The rest is counted. */
const MAX_NAMES = 5;

/** Characters of an id that tell messages apart. */
const SHORT_ID = 8;

/**
 * Shows the dead-letter queue in words, or sends back what is chosen. What stays is made visible again.
 *
 * @param print - takes each line
 * @throws {RedriveError} for an id that no message has, or one that cannot be read
 */
export async function redriveLetters(
  letters: Pick<DeadLetters, 'read' | 'release' | 'sendBack'>,
  send: RedriveOptions['send'],
  print: (line: string) => void,
): Promise<void> {
  const all = await letters.read();
  const left = new Set(all);
  try {
    for (const letter of choose(all, send)) {
      await letters.sendBack(letter, new Date());
      left.delete(letter);
      print(`sent back ${describe(letter)}`);
    }
    if (send.length === 0) for (const letter of all) print(describe(letter));
    print(summarize(all.length - left.size, left.size, all.length === MAX_DEAD_LETTERS));
  } finally {
    await letters.release([...left]);
  }
}

function isReadable(letter: DeadLetter): letter is ReadableLetter {
  return letter.reading.kind === 'read';
}

function choose(all: readonly DeadLetter[], send: RedriveOptions['send']): ReadableLetter[] {
  if (send === 'all') return all.filter(isReadable);
  return send.map((beginning) => {
    const found = all.filter(({ id }) => id.startsWith(beginning));
    const [letter] = found;
    if (letter === undefined)
      throw new RedriveError(`no message in the dead-letter queue has the id ${beginning}`);
    if (found.length > 1) throw new RedriveError(`several messages have an id that begins with ${beginning}`);
    if (!isReadable(letter))
      throw new RedriveError(`message ${beginning} cannot be sent back: ${reasonOf(letter)}`);
    return letter;
  });
}

/** Describes a message on two or three lines. */
function describe(letter: DeadLetter): string {
  const indent = `\n${' '.repeat(SHORT_ID + 2)}`;
  const lines = isReadable(letter)
    ? describeMessage(letter.reading.message)
    : ['not a message of this version'];
  return (
    [`${letter.id.slice(0, SHORT_ID)}  ${lines[0]}`, ...lines.slice(1), `why: ${reasonOf(letter)}`]
      // Names come from a payload, and a terminal acts on some characters.
      .map((line) => line.replaceAll(/\p{Cc}/gu, '?'))
      .join(indent)
  );
}

function describeMessage(message: RetryMessage): string[] {
  const { target, project, receiver, event, only, since, requestUuid } = message;
  const delivery = requestUuid === undefined ? '' : `, delivery ${requestUuid}`;
  return [
    `${target}: ${describeEvent(event)}`,
    `receiver ${project === '' ? '' : `${project}/`}${receiver}, since ${since.toISOString()}${delivery}`,
    ...(only === undefined ? [] : [`left: ${list(only)}`]),
  ];
}

function describeEvent(event: BitbucketEvent): string {
  switch (event.kind) {
    case 'push':
      return `push to ${list(event.addresses)} (${list(event.refs.map(({ kind, name }) => `${kind} ${name}`))})`;
    case 'pull-request-closed':
      return `closed pull request ${event.url}`;
    default:
      return event satisfies never;
  }
}

function list(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function reasonOf({ reason, reading }: DeadLetter): string {
  if (reason !== undefined) return reason;
  return reading.kind === 'read'
    ? `received too often: ${reading.message.reason}`
    : `unreadable: ${reading.reason}`;
}

function summarize(sent: number, left: number, mayBeMore: boolean): string {
  const more = mayBeMore ? ', and there may be more' : '';
  return `${sent === 0 ? '' : `${sent} sent back, `}${left} message(s) in the dead-letter queue${more}`;
}
