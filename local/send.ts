import { createHmac, randomUUID } from 'node:crypto';
import { LocalError, readLocalSettings, type LocalSettings } from './local-settings.ts';
import { localKargo, localSecrets } from './local-outside.ts';
import { receiverUrls, type ReceiverUrl } from './receiver-urls.ts';
import { refreshMarks } from './refresh-marks.ts';
import { runMain } from './run-main.ts';
import { readSendOptions, type SendOptions } from './send-options.ts';

/** Signs and sends one delivery to a front door that runs, and tells what it answered and refreshed. */
await runMain(async () => {
  const options = readSendOptions(process.argv.slice(2));
  const settings = readLocalSettings(process.env);
  const kargo = localKargo(settings);
  const found = (await receiverUrls(kargo)).find(({ receiver }) => receiver.name === options.receiver);
  const url = options.url ?? found?.url;
  const secret = options.secret ?? (await currentSecret(settings, found));
  if (url === undefined || secret === undefined) {
    throw new LocalError(`no receiver "${options.receiver}" has a URL and a secret: is npm start running?`);
  }

  const before = await refreshMarks(kargo);
  const answer = await deliver(options, url, secret);
  console.log(`POST ${url}\n${options.event} -> ${answer.status} ${await answer.text()}`);
  const after = await refreshMarks(kargo);
  const refreshed = [...after.keys()].filter((object) => after.get(object) !== before.get(object));
  console.log(refreshed.length === 0 ? 'nothing was refreshed' : `refreshed ${refreshed.join(', ')}`);
  process.exit(answer.ok ? 0 : 1);
});

async function currentSecret(
  settings: LocalSettings,
  found: ReceiverUrl | undefined,
): Promise<string | undefined> {
  if (found === undefined) return undefined;
  const [reading] = await localSecrets(settings).read([found.receiver], 'store', AbortSignal.timeout(5_000));
  return reading?.kind === 'found' && reading.versions.current.kind === 'secret'
    ? reading.versions.current.value
    : undefined;
}

/** As Bitbucket sends it, the connection test unsigned. */
function deliver({ event, body }: SendOptions, url: string, secret: string): Promise<Response> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'content-type': 'application/json',
      'x-event-key': event,
      'x-request-uuid': randomUUID(),
      ...(event !== 'diagnostics:ping' && { 'x-hub-signature': `sha256=${signature}` }),
    },
  });
}
