import { hasRealCluster } from './available-cluster.ts';
import { missingForLambdaRuntime } from './lambda-runtime.ts';
import { pythonWithMinistack } from './python-packages.ts';

/** Jest's globalSetup: installs what is not there yet, once, and says what the tests run on and which are skipped. */
export default async function setUp(): Promise<void> {
  await pythonWithMinistack();
  const cluster = (await hasRealCluster())
    ? 'a real kube-apiserver'
    : 'the stand-in (npm run test:cluster builds the real one; RBAC is not checked)';
  const missing = missingForLambdaRuntime();
  process.stderr.write(`AWS: MiniStack. Cluster API: ${cluster}.\n`);
  if (missing.length > 0)
    process.stderr.write(`Skipped: the bundle on AWS's Lambda runtime, which needs ${missing.join(', ')}.\n`);
}
