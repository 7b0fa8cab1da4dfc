import { exampleObjects, exampleSecrets } from './examples.ts';
import { startStandInCluster } from './cluster/stand-in-cluster.ts';
import { LocalError, readLocalSettings, type LocalSettings } from './local-settings.ts';
import { runMain } from './run-main.ts';
import { startStandInSecretStore } from './secret-store/stand-in-secret-store.ts';

/** Runs one stand-in with the examples until it is told to end: `node local/run-stand-in.ts cluster|secrets`. */
const STAND_INS: Readonly<
  Record<string, (settings: LocalSettings) => Promise<{ url: string; close(): Promise<void> }>>
> = {
  cluster: ({ clusterPort }) => startStandInCluster({ port: clusterPort, objects: exampleObjects() }),
  secrets: ({ secretsPort }) => startStandInSecretStore({ port: secretsPort, secrets: exampleSecrets() }),
};

await runMain(async () => {
  const name = process.argv[2] ?? '';
  const start = STAND_INS[name];
  if (start === undefined) throw new LocalError(`name a stand-in: ${Object.keys(STAND_INS).join(' or ')}`);
  const standIn = await start(readLocalSettings(process.env));
  console.log(`ready ${standIn.url}`);
  return () => standIn.close();
});
