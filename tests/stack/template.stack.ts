import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  waitUntilStackCreateComplete,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDemo, demoOf, REFRESHED } from './deployed-front-door.ts';
import { copyProject } from './deployments.ts';
import { postDelivery } from './post-delivery.ts';
import { bareEnvironment, runProgram } from './run-program.ts';
import { startStage, type Stage } from './stage.ts';

const NAME = 'kargo-front-door-template';
const BUCKET = 'code-of-the-team';
const WITHIN_SECONDS = { maxWaitTime: 120 };

const demo = demoOf('cdk');
let stage: Stage;
let stacks: CloudFormationClient;
let output: string;

/** Does what docs/other-tools.md says, with the requests that the AWS CLI sends. */
beforeAll(async () => {
  stage = await startStage({ auth: false });
  const { clientConfig, scratch } = stage.emulator;
  const folder = copyProject(scratch, 'template');
  writeFileSync(
    path.join(folder, 'front-door.yaml'),
    `STACK_NAME: ${NAME}\nKUBECONFIG_SECRET_ID: kargo-front-door/kubeconfig\n`,
  );
  const program = ['--import', './infra/require-node.js', 'infra/write-template.ts'];
  await runProgram(process.execPath, program, { cwd: folder, env: bareEnvironment(scratch) });
  output = path.join(folder, 'template');
  stacks = new CloudFormationClient(clientConfig);
  const s3 = new S3Client({ ...clientConfig, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  for (const key of archives()) {
    const content = readFileSync(path.join(output, key));
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: content }));
  }
  s3.destroy();
});

afterAll(async () => {
  stacks?.destroy();
  await stage?.close();
});

const archives = (): string[] => readdirSync(output).filter((name) => name.endsWith('.zip'));

test('the template and an archive for each function are all that is written', () => {
  expect(
    readdirSync(output)
      .map((name) => name.replace(/-[0-9a-f]{16}\.zip$/, '.zip'))
      .toSorted(),
  ).toEqual(['receiver.zip', 'reconciler.zip', 'redelivery.zip', 'template.json']);
});

test('CloudFormation deploys it with the bucket alone, and a push refreshes a Warehouse', async () => {
  await stacks.send(
    new CreateStackCommand({
      StackName: NAME,
      TemplateBody: readFileSync(path.join(output, 'template.json'), 'utf8'),
      Parameters: [{ ParameterKey: 'CodeBucket', ParameterValue: BUCKET }],
      Capabilities: ['CAPABILITY_IAM'],
    }),
  );
  await waitUntilStackCreateComplete({ client: stacks, ...WITHIN_SECONDS }, { StackName: NAME });
  await stage.account.stopSchedules();
  await stage.createKubeconfig();
  await createDemo(stage, demo);
  expect(await stage.account.invoke(`${NAME}-reconciler`)).toMatchObject({ failed: false });
  const { endpoint } = await stage.account.api(NAME);
  const secret = demo.secrets.first;
  expect(await postDelivery(`${endpoint}${demo.first}`, { secret })).toEqual(REFRESHED);
  expect(await stage.objects.takeRefreshed()).toEqual([`Warehouse ${demo.project}/main`]);
});

test('and removes it', async () => {
  await stacks.send(new DeleteStackCommand({ StackName: NAME }));
  await waitUntilStackDeleteComplete({ client: stacks, ...WITHIN_SECONDS }, { StackName: NAME });
  expect(await stage.account.functions()).toEqual([]);
});
