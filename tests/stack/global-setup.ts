import { existsSync } from 'node:fs';
import { hasRealCluster } from './available-cluster.ts';
import { CONFORMANCE_PROGRAM } from './conformance-files.ts';
import { lambdaRuntimeClient, missingForLambdaRuntime } from './lambda-runtime.ts';
import { pythonWithMinistack, runtimeInterfaceEmulator } from './python-packages.ts';

/** Jest's globalSetup: installs what is missing, once, and prints what the tests run on and which are skipped. */
export default async function setUp(): Promise<void> {
  await pythonWithMinistack();
  const skipped: string[] = [];
  const missing = missingForLambdaRuntime();
  if (missing.length > 0) {
    skipped.push(`the bundle on AWS's Lambda runtime, which needs ${missing.join(', ')}`);
  } else {
    // Where this fails, the one test that needs it reports it; the others still run.
    await Promise.allSettled([runtimeInterfaceEmulator(), lambdaRuntimeClient()]);
  }
  if (!existsSync(CONFORMANCE_PROGRAM))
    skipped.push('what was recorded of Kargo, which is not beside the project');
  const cluster = (await hasRealCluster())
    ? 'a real kube-apiserver'
    : 'the fake (npm run test:cluster builds the real one; RBAC is not checked)';
  process.stderr.write(`AWS: MiniStack. Cluster API: ${cluster}.\n`);
  if (skipped.length > 0) process.stderr.write(`Skipped: ${skipped.join('; ')}.\n`);
}
