import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { App, aws_lambda as lambda, aws_s3 as s3, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import { zipSync } from 'fflate';
import type { FunctionName } from '../lib/functions.ts';
import { bundleFunctions } from './bundles/bundle.ts';
import { deployedFunctions } from './deployed-functions.ts';
import { describeDeploymentError, readDeployment } from './deployment.ts';
import { DeploymentError } from './deployment-settings.ts';
import { FrontDoorStack } from './front-door-stack.ts';
import { bundleFolder } from './package-paths.ts';

/** The parameter with the bucket to which a team uploads the code. */
const BUCKET_PARAMETER = 'CodeBucket';

/** The least that the format can hold: the same code makes the same archive. */
const MODIFIED = new Date(1980, 0, 1);

/** Writes the deployment as a template with its code, for teams that deploy with neither of the tools: `npm run template [-- --output DIR]`. */
try {
  const { values } = parseArgs({ options: { output: { type: 'string', default: 'template' } } });
  const deployment = readDeployment({ get: (name) => process.env[name], folder: process.cwd() });
  await bundleFunctions();
  rmSync(values.output, { recursive: true, force: true });
  mkdirSync(values.output, { recursive: true });
  const keys = deployedFunctions(deployment.settings).map(
    (name) => [name, writeArchive(values.output, name)] as const,
  );
  const template = synthesize(deployment, keys);
  const path = join(values.output, 'template.json');
  // Without indentation: CloudFormation takes 51,200 bytes at once.
  writeFileSync(path, JSON.stringify(template));
  console.log(
    `${path}: upload the archives beside it to a bucket, which its parameter ${BUCKET_PARAMETER} names`,
  );
} catch (error) {
  if (!(error instanceof DeploymentError)) throw error;
  console.error(describeDeploymentError(error));
  process.exit(1);
}

/** Writes the archive of a function. Its name changes with its content, so that CloudFormation notices. */
function writeArchive(output: string, name: FunctionName): string {
  const folder = bundleFolder(name);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const content = Object.fromEntries(
    files.map((file) => {
      const path = join(file.parentPath, file.name);
      return [relative(folder, path), readFileSync(path)];
    }),
  );
  const archive = zipSync(content, { mtime: MODIFIED });
  const key = `${name}-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}.zip`;
  writeFileSync(join(output, key), archive);
  return key;
}

function synthesize(
  { settings, environment, stackName = 'kargo-front-door' }: ReturnType<typeof readDeployment>,
  keys: readonly (readonly [FunctionName, string])[],
): object {
  const outdir = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    // The bucket is the team's own: an app that is never synthesized refers to it.
    const bucket = s3.Bucket.fromBucketName(
      new Stack(new App({ outdir })),
      BUCKET_PARAMETER,
      Fn.ref(BUCKET_PARAMETER),
    );
    const code = Object.fromEntries(keys.map(([name, key]) => [name, lambda.Code.fromBucket(bucket, key)]));
    const stack = new FrontDoorStack(app, stackName, settings, code, environment);
    new CfnParameter(stack, BUCKET_PARAMETER, { description: 'Bucket with the archives of the functions' });
    const made = app.synth().getStackByName(stackName).template as Record<string, Record<string, unknown>>;
    const { Description, Resources, Outputs, Parameters: { [BUCKET_PARAMETER]: parameter } = {} } = made;
    // The other parameters and rules check the bucket of CDK's own uploads, which is not used.
    return { Description, Parameters: { [BUCKET_PARAMETER]: parameter }, Resources, Outputs };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
