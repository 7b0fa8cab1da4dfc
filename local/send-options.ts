import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalError } from './local-settings.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

const USAGE = `npm run send -- [--event KEY] [--receiver NAME] [--url URL] [--payload FILE] [--secret SECRET]

  --event     the value of X-Event-Key (default repo:push). There is a sample for each of:
              ${listSampleEvents().join(', ')}
  --receiver  name of the receiver whose URL to send to (default bb)
  --url       the URL to send to, instead of the receiver's
  --payload   a file to send byte for byte, instead of the sample
  --secret    the secret to sign with, instead of the receiver's`;

export interface SendOptions {
  readonly event: string;
  readonly receiver: string;
  readonly url: string | undefined;
  readonly secret: string | undefined;
  readonly body: Buffer;
}

/** @throws {LocalError} for an unknown option, an event without a sample, a missing file, or an invalid URL */
export function readSendOptions(args: string[]): SendOptions {
  const option = { type: 'string' } as const;
  const options = { event: option, receiver: option, url: option, payload: option, secret: option };
  let values: { event?: string; receiver?: string; url?: string; payload?: string; secret?: string };
  try {
    values = parseArgs({ args, options }).values;
  } catch (cause) {
    throw new LocalError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
  const { event = 'repo:push', receiver = 'bb', url, payload, secret } = values;
  const file = payload ?? join(SAMPLES, `${event.replace(':', '-')}.json`);
  if (!existsSync(file)) {
    throw new LocalError(
      payload === undefined ? `no sample of ${event}. Set --payload FILE.` : `file ${file} not found`,
    );
  }
  if (url !== undefined && !URL.canParse(url)) throw new LocalError(`--url: ${url} is not a URL`);
  return { event, receiver, url, secret, body: readFileSync(file) };
}

function listSampleEvents(): string[] {
  return readdirSync(SAMPLES).map((file) => file.replace('.json', '').replace('-', ':'));
}
