import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalError } from './local-settings.ts';

const SAMPLES = join(import.meta.dirname, 'samples');

const USAGE = `npm run send -- [--event KEY] [--receiver NAME] [--target kargo|registry] [--url URL] [--payload FILE] [--secret SECRET]

  --event     the value of X-Event-Key (default repo:push). There is a sample for each of:
              ${listSampleEvents().join(', ')}
  --receiver  name of the receiver whose URL to send to (default bb)
  --target    kargo (default): a receiver; registry: the webhook of the package registry
  --url       the URL to send to, instead of that of the target
  --payload   a file to send byte for byte, instead of the sample
  --secret    the secret to sign with, instead of that of the target`;

export interface SendOptions {
  readonly event: string;
  readonly receiver: string;
  readonly target: 'kargo' | 'registry';
  readonly url: string | undefined;
  readonly secret: string | undefined;
  readonly body: Buffer;
}

/** @throws {LocalError} for an unknown option or target, an event without a sample, a missing file, or an invalid URL */
export function readSendOptions(args: string[]): SendOptions {
  const option = { type: 'string' } as const;
  const names = ['event', 'receiver', 'target', 'url', 'payload', 'secret'] as const;
  const options = Object.fromEntries(names.map((name) => [name, option]));
  let values: Partial<Record<(typeof names)[number], string>>;
  try {
    values = parseArgs({ args, options }).values;
  } catch (cause) {
    throw new LocalError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
  const { event = 'repo:push', receiver = 'bb', target = 'kargo', url, payload, secret } = values;
  if (target !== 'kargo' && target !== 'registry')
    throw new LocalError(`--target must be kargo or registry, not "${target}"\n\n${USAGE}`);
  const file = payload ?? join(SAMPLES, `${event.replace(':', '-')}.json`);
  if (!existsSync(file)) {
    throw new LocalError(
      payload === undefined ? `no sample of ${event}. Set --payload FILE.` : `file ${file} not found`,
    );
  }
  if (url !== undefined && !URL.canParse(url)) throw new LocalError(`--url: ${url} is not a URL`);
  return { event, receiver, target, url, secret, body: readFileSync(file) };
}

function listSampleEvents(): string[] {
  return readdirSync(SAMPLES).map((file) => file.replace('.json', '').replace('-', ':'));
}
