import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi, type ApiTarget } from './api-client.ts';
import { startRealCluster, type RealCluster } from './real-cluster.ts';

const NAMESPACES = '/api/v1/namespaces';

/** Returns the code of the error with which a connection fails; undefined where it does not. */
const failureOf = (target: ApiTarget): Promise<string | undefined> =>
  callApi(target, { path: '/livez' }).then(
    () => undefined,
    ({ code }: NodeJS.ErrnoException) => code,
  );

describe('a real cluster', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startRealCluster();
  });
  afterAll(async () => cluster.stop());

  test('serves the same objects after a crash and a restart', async () => {
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kept' } };
    await callApi(cluster, { method: 'POST', path: NAMESPACES, body: object });
    await cluster.killApi();
    await expect(callApi(cluster, { path: `${NAMESPACES}/kept` })).rejects.toThrow('ECONNREFUSED');
    await cluster.startApi();
    expect(await callApi(cluster, { path: `${NAMESPACES}/kept` })).toMatchObject({ code: 200 });
  });

  test('does not answer while it is frozen, and answers afterwards', async () => {
    cluster.freezeApi(true);
    const answer = callApi(cluster, { path: NAMESPACES });
    expect(await Promise.race([answer, sleep(500, 'nothing')])).toBe('nothing');
    cluster.freezeApi(false);
    expect(await answer).toMatchObject({ code: 200 });
  });
});

describe('a real cluster whose owner', () => {
  const script = `
    const { startRealCluster } = await import(${JSON.stringify(new URL('real-cluster.ts', import.meta.url))});
    const { url } = await startRealCluster();
    console.log(url);
    if (process.argv[1] === 'wait') setInterval(() => {}, 1000);`;

  test.each([
    ['is killed', 'SIGKILL'],
    ['is interrupted', 'SIGINT'],
    ['ends without stopping it', undefined],
  ] as const)('%s leaves nothing behind', async (_name, signal) => {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'owner-'));
    const parameters = ['--input-type=module', '--eval', script, signal ? 'wait' : 'end'];
    const env = { ...process.env, TMPDIR: scratch, NODE_OPTIONS: '' };
    const owner = spawn(process.execPath, parameters, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await once(owner.stdout, 'data');
    const ended = once(owner, 'exit');
    if (signal) owner.kill(signal);
    await ended;

    const target = { url: String(output).trim(), token: '' };
    while (readdirSync(scratch).length > 0) await sleep(50);
    // A process that was just killed may still accept a connection.
    const deadline = Date.now() + 10_000;
    while ((await failureOf(target)) !== 'ECONNREFUSED' && Date.now() < deadline) await sleep(50);
    expect(await failureOf(target)).toBe('ECONNREFUSED');
    rmSync(scratch, { recursive: true });
  });
});
