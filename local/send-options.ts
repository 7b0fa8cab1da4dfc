import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalError } from './local-settings.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

const USAGE = `npm run send -- [--event KEY] [--receiver NAME] [--url URL] [--payload FILE] [--secret SECRET]

  --event     what Bitbucket sends as X-Event-Key (default repo:push); a sample is at hand for each of:
              ${sampleEvents().join(', ')}
  --receiver  whose URL to send to, by its name (default bb)
  --url       send there, whatever the statuses say
  --payload   a file to send in place of the sample, byte for byte
  --secret    sign with this, in place of the example's secret`;

export interface SendOptions {
  readonly event: string;
  readonly receiver: string;
  readonly url: string | undefined;
  readonly secret: string | undefined;
  readonly body: Buffer;
}

/** Reads the options of `npm run send`. Raises `LocalError` for what cannot be sent. */
export function readSendOptions(args: string[]): SendOptions {
  const option = { type: 'string' } as const;
  let values: { event?: string; receiver?: string; url?: string; payload?: string; secret?: string };
  try {
    const options = { event: option, receiver: option, url: option, payload: option, secret: option };
    values = parseArgs({ args, options }).values;
  } catch (error) {
    throw new LocalError(`${(error as Error).message}\n\n${USAGE}`, { cause: error });
  }
  const { event = 'repo:push', receiver = 'bb', url, payload, secret } = values;
  const file = payload ?? join(SAMPLES, `${event.replace(':', '-')}.json`);
  if (!existsSync(file)) {
    throw new LocalError(
      payload === undefined ? `no sample of ${event}: give --payload FILE` : `no file ${file}`,
    );
  }
  if (url !== undefined && !URL.canParse(url)) throw new LocalError(`${url} is no URL`);
  return { event, receiver, url, secret, body: readFileSync(file) };
}

function sampleEvents(): string[] {
  return readdirSync(SAMPLES).map((file) => file.replace('.json', '').replace('-', ':'));
}
