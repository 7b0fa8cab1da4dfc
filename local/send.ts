import { createHmac, randomUUID } from 'node:crypto';
import { PING_EVENT } from '../lib/core/bitbucket/event-readers.ts';
import { LocalError, readLocalSettings } from './local-settings.ts';
import { localEnvironment, localKargo, localSecrets } from './local-environment.ts';
import { receiverUrls, type ReceiverUrl } from './receiver-urls.ts';
import { refreshMarks } from './refresh-marks.ts';
import { runMain } from './run-main.ts';
import { readSendOptions, type SendOptions } from './send-options.ts';

/** Signs and sends one delivery to a front door that runs, and tells what it answered and refreshed. */
await runMain(async () => {
  const options = readSendOptions(process.argv.slice(2));
  const settings = readLocalSettings(process.env);
  Object.assign(process.env, localEnvironment(settings));
  const kargo = localKargo(settings);
  // Whoever sends to a front door elsewhere has no cluster at hand.
  const urls = await receiverUrls(kargo).catch(() => []);
  const found = urls.find(({ receiver }) => receiver.name === options.receiver);
  const url = options.url ?? found?.url;
  const secret = options.secret ?? (await currentSecret(found));
  if (url === undefined)
    throw new LocalError(`no receiver "${options.receiver}" has a URL: is npm start running?`);
  if (secret === undefined && options.event !== PING_EVENT) {
    throw new LocalError(`no secret of "${options.receiver}" is known: give --secret`);
  }

  const before = await refreshMarks(kargo).catch(() => undefined);
  const answer = await deliver(options, url, secret).catch((cause: unknown) => {
    throw new LocalError(`nothing answers at ${url}: is npm start running?`, { cause });
  });
  console.log(`POST ${url}\n${options.event} -> ${answer.status} ${await answer.text()}`);
  if (before !== undefined) tellRefreshed(before, await refreshMarks(kargo));
  process.exit(answer.ok ? 0 : 1);
});

function tellRefreshed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  const refreshed = [...after.keys()].filter((object) => after.get(object) !== before.get(object));
  console.log(refreshed.length === 0 ? 'nothing was refreshed' : `refreshed ${refreshed.join(', ')}`);
}

async function currentSecret(found: ReceiverUrl | undefined): Promise<string | undefined> {
  if (found === undefined) return undefined;
  const [reading] = await localSecrets(process.env).read(
    [found.receiver],
    'store',
    AbortSignal.timeout(5_000),
  );
  return reading?.kind === 'found' && reading.versions.current.kind === 'secret'
    ? reading.versions.current.value
    : undefined;
}

/** As Bitbucket sends it, the connection test unsigned. */
function deliver({ event, body }: SendOptions, url: string, secret: string | undefined): Promise<Response> {
  const isSigned = secret !== undefined && event !== PING_EVENT;
  return fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'content-type': 'application/json',
      'x-event-key': event,
      'x-request-uuid': randomUUID(),
      ...(isSigned && {
        'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      }),
    },
  });
}
