import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi, type ApiTarget } from './api-client.ts';
import { apiServerFlags, certificatesFolder, etcdFlags } from './api-server-flags.ts';
import { findOrBuildBinaries } from './binaries.ts';
import { loadDefinitions } from './definitions.ts';
import { freePort } from './free-port.ts';
import { startKargoWebhooks, type KargoWebhooks } from './kargo-webhooks/kargo-webhooks.ts';
import { kubeconfigOf } from './kubeconfig.ts';
import { ProcessGuard } from './process-guard.ts';

/** How long the API may take to become ready. It needs 3 seconds on an idle machine. */
const READY_WITHIN_MS = 120_000;

const POLL_MS = 50;

/** A real kube-apiserver with its own etcd, with Kargo's kinds and registered admission webhooks. */
export interface RealCluster extends ApiTarget {
  ca: string;
  /** Kubeconfig of the administrator. */
  kubeconfig: string;
  /** Kills the API server, like a crash. {@link startApi} uses the same port again. */
  killApi(): Promise<void>;
  /** Starts the API server again with the same address and objects, and waits until it is ready. */
  startApi(): Promise<void>;
  /** Freezes the API server (SIGSTOP), so that its connections stay open without an answer, or lets it continue. */
  freezeApi(frozen: boolean): void;
  /** Stops both processes and removes their files. This also happens when the current process ends, in whatever way. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and kube-apiserver on free loopback ports, creates the definitions of Kargo's kinds, and registers fakes of its
 * admission webhooks.
 *
 * @param moreFlags - additional flags of kube-apiserver
 * @throws {Error} of {@link findOrBuildBinaries}, or with the log of a program that did not become ready
 */
export async function startRealCluster(moreFlags: readonly string[] = []): Promise<RealCluster> {
  const { etcd, kubeApiserver } = await findOrBuildBinaries();
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kargo-front-door-cluster-'));
  const guard = new ProcessGuard(scratch);
  const log = path.join(scratch, 'log');
  const run = (program: string, flags: string[]): ChildProcess => {
    const output = openSync(log, 'a');
    const child = spawn(program, flags, { detached: true, stdio: ['ignore', output, output] });
    closeSync(output);
    guard.add(child);
    return child;
  };
  let webhooks: KargoWebhooks | undefined;
  const stop = async (): Promise<void> => {
    await guard.end();
    await webhooks?.close();
  };
  try {
    const [etcdPort, port] = [await freePort(), await freePort()];
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    run(etcd, etcdFlags(scratch, etcdUrl));
    const token = randomBytes(16).toString('hex');
    const flags = [...apiServerFlags({ scratch, port, etcdUrl, adminToken: token }), ...moreFlags];
    const url = `https://127.0.0.1:${port}`;
    const certificateFile = (name: string): string =>
      readFileSync(path.join(certificatesFolder(scratch), name), 'utf8');
    const ca = (): string => certificateFile('apiserver.crt');

    let api = run(kubeApiserver, flags);
    await untilReady(api, () => ({ url, token, ca: ca() }), log);
    const target = { url, token, ca: ca() };
    await loadDefinitions(target);
    // The API server trusts its own certificate, which is for 127.0.0.1.
    webhooks = await startKargoWebhooks({ target, key: certificateFile('apiserver.key') });
    return {
      ...target,
      kubeconfig: kubeconfigOf(target),
      killApi: async () => {
        const ended = once(api, 'exit');
        api.ref();
        api.kill('SIGKILL');
        await ended;
      },
      startApi: async () => {
        api = run(kubeApiserver, flags);
        await untilReady(api, () => target, log);
      },
      freezeApi: (frozen) => void api.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param target - throws until the server has written its certificate */
async function untilReady(api: ChildProcess, target: () => ApiTarget, log: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const ready = await (async () => callApi(target(), { path: '/readyz' }))().catch((error: Error) => error);
    if (!(ready instanceof Error) && ready.code === 200) return;
    if (api.exitCode !== null || Date.now() > deadline) {
      const written = readFileSync(log, 'utf8').slice(-2000);
      throw new Error(`kube-apiserver did not become ready. End of its log:\n${written}`, {
        cause: ready,
      });
    }
    await sleep(POLL_MS);
  }
}
