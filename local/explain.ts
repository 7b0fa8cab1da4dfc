import { loopbackKubeconfig, readChosenCluster } from './chosen-cluster.ts';
import { explainDelivery } from './explain-delivery.ts';
import { readExplainOptions } from './explain-options.ts';
import { readLocalSettings } from './local-settings.ts';
import { runMain } from './run-main.ts';

/** Prints why a delivery refreshes which Warehouses or Promotions, without refreshing any: `npm run explain -- options`. */
await runMain(async () => {
  const options = readExplainOptions(process.argv.slice(2));
  const settings = readLocalSettings(process.env);
  const chosen = readChosenCluster(
    settings,
    options.cluster === undefined ? [] : ['--cluster', options.cluster],
  );
  const fake = loopbackKubeconfig(`http://127.0.0.1:${settings.clusterPort}`, 'none');
  console.log(await explainDelivery(chosen?.kubeconfig ?? fake, options));
  process.exit(0);
});
