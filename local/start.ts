import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { startChild, type ChildProcess } from './child-process.ts';
import { localEnvironment, localKargo } from './local-environment.ts';
import { readLocalSettings } from './local-settings.ts';
import { startOfflineFunctions } from './offline-functions.ts';
import { receiverUrls } from './receiver-urls.ts';
import { runMain } from './run-main.ts';
import { writeKubeconfig } from './kubeconfig.ts';

/** How long the receivers' URLs may take to appear before the start is told as it is. */
const URLS_WITHIN_MS = 15_000;

await runMain(async () => {
  const settings = readLocalSettings(process.env);
  const children: ChildProcess[] = [];
  const scratch: string[] = [];
  let isEnding = false;
  const end = async (): Promise<void> => {
    isEnding = true;
    await Promise.all(children.toReversed().map((child) => child.end()));
    for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const environment = localEnvironment(settings);
    if (settings.kubeconfig === undefined) {
      children.push(await startFake('kubernetes'));
      const { folder, path } = writeKubeconfig(`http://127.0.0.1:${settings.clusterPort}`);
      scratch.push(folder);
      environment['KUBECONFIG'] = path;
    }
    if (settings.awsEndpointUrl === undefined) children.push(await startFake('secrets-manager'));
    const functions = await startOfflineFunctions(settings.port, environment, () => {
      console.error('the functions have ended');
      void end().finally(() => process.exit(1));
    });
    children.push(functions);
    void reconcileForever(functions.reconcile, settings.reconcileMs, () => isEnding);
    await tellReady(functions.url, localKargo(settings));
    return end;
  } catch (error) {
    await end();
    throw error;
  }
});

async function startFake(name: 'kubernetes' | 'secrets-manager'): Promise<ChildProcess> {
  return startChild({
    name: `the fake ${name}`,
    arguments: [`${import.meta.dirname}/fake.ts`, name],
    environment: process.env,
    isReady: (line) => line.startsWith('ready '),
    onLost: () => console.error(`the fake ${name} has ended; start it again with: npm run fake ${name}`),
  });
}

async function reconcileForever(
  reconcile: () => Promise<string | undefined>,
  everyMs: number,
  isEnding: () => boolean,
): Promise<void> {
  while (!isEnding()) {
    const failure = await reconcile().catch((error: unknown) => String(error));
    if (failure !== undefined && !isEnding()) console.error(`reconciler: ${failure}`);
    await sleep(everyMs);
  }
}

async function tellReady(url: string, kargo: KargoApi): Promise<void> {
  const deadline = Date.now() + URLS_WITHIN_MS;
  let urls = await receiverUrls(kargo);
  while (urls.length === 0 && Date.now() < deadline) {
    await sleep(200);
    urls = await receiverUrls(kargo);
  }
  console.log(`ready ${url}`);
  for (const { receiver, url: receiverUrl } of urls) {
    console.log(`  ${receiver.project || 'cluster'} / ${receiver.name}: ${receiverUrl}`);
  }
  console.log('next, in another shell: npm run send');
}
