import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { startFakeSecretsManager } from '../../local/fakes/secrets-manager/fake-secrets-manager.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { gatewayEvent } from '../support/deliver.ts';
import { project, warehouse } from '../support/kargo-objects.ts';
import { cloudPush } from '../support/payloads.ts';
import { startAvailableCluster, type AvailableCluster } from './available-cluster.ts';
import { codeOf, packageWith } from './deployments.ts';
import { startLambdaEnvironment, type LambdaEnvironment } from './lambda-environment.ts';
import { missingForLambdaRuntime } from './lambda-runtime.ts';

const missing = missingForLambdaRuntime();
const describeIt = missing.length === 0 ? describe : describe.skip;

describeIt("the receiver's bundle on AWS's Lambda runtime", () => {
  let cluster: AvailableCluster;
  let store: LoopbackServer;
  let objects: ClusterClient;
  let lambda: LambdaEnvironment;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'kargo-front-door-package-'));
    cluster = await startAvailableCluster();
    objects = new ClusterClient(cluster.target);
    await objects.create(...project('demo'), warehouse('demo', 'main'));
    store = await startFakeSecretsManager({
      port: 0,
      secrets: { kubeconfig: await cluster.kubeconfig(), 'kargo/demo/bitbucket': 's3cret' },
    });
    const packaged = await packageWith('cdk', scratch, { KUBECONFIG_SECRET_ID: 'kubeconfig' });
    lambda = await startLambdaEnvironment({
      code: codeOf(packaged, 'receiver'),
      handler: 'functions/receiver.handler',
      environment: {
        RECEIVER_BASE_URL: 'https://hooks.example.com',
        KUBECONFIG_SECRET_ID: 'kubeconfig',
        AWS_ENDPOINT_URL: store.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
  });

  afterAll(async () => {
    await lambda?.stop();
    await Promise.all([cluster?.stop(), store?.close()]);
    rmSync(scratch, { recursive: true, force: true });
  });

  test.each(['cold', 'warm'])('answers a delivery when it is %s', async () => {
    // A tag has a chunk of the bundle loaded.
    const payload = cloudPush('acme/shop', 'main', 'tag v1');
    expect(await lambda.invoke(gatewayEvent({ payload }))).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"msg":"refreshed 1 warehouse(s)"}',
    });
    expect(await objects.takeRefreshed()).toEqual(['Warehouse demo/main']);
  });

  test('answers one that is signed with another secret', async () => {
    expect(await lambda.invoke(gatewayEvent({ signedWith: 'wrong' }))).toMatchObject({
      statusCode: 401,
      body: '{"error":"unauthorized"}',
    });
  });
});
