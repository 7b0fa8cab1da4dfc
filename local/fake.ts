import { exampleObjects, exampleSecrets } from './examples.ts';
import { startFakeKubernetes } from './fakes/kubernetes/fake-kubernetes.ts';
import { LocalError, readLocalSettings, type LocalSettings } from './local-settings.ts';
import { runMain } from './run-main.ts';
import { startFakeSecretsManager } from './fakes/secrets-manager/fake-secrets-manager.ts';

/** Runs one fake with the examples until it is told to end: `node local/fake.ts kubernetes|secrets-manager`. */
const FAKES: Readonly<
  Record<string, (settings: LocalSettings) => Promise<{ url: string; close(): Promise<void> }>>
> = {
  kubernetes: ({ clusterPort }) => startFakeKubernetes({ port: clusterPort, objects: exampleObjects() }),
  'secrets-manager': ({ secretsPort }) =>
    startFakeSecretsManager({ port: secretsPort, secrets: exampleSecrets() }),
};

await runMain(async () => {
  const name = process.argv[2] ?? '';
  const start = FAKES[name];
  if (start === undefined) throw new LocalError(`name a fake: ${Object.keys(FAKES).join(' or ')}`);
  const fake = await start(readLocalSettings(process.env));
  console.log(`ready ${fake.url}`);
  return () => fake.close();
});
