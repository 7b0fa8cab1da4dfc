import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../cluster/free-port.ts';
import { ProcessGuard } from '../cluster/process-guard.ts';
import { pythonWithMinistack } from './python-packages.ts';
import { bareEnvironment } from './run-program.ts';

/** It starts in half a second on an idle machine. */
const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;

const MAX_ATTEMPTS = 3;

/** It ends its functions first; after this time it is killed. */
const END_WITHIN_MS = 5_000;

const REGION = 'us-east-1';

/** The account's root user, with the credentials of the owner of secrets in other tests. */
const OWNER = { AWS_ACCESS_KEY_ID: 'owner', AWS_SECRET_ACCESS_KEY: 'owner' };

/** Configuration of an AWS SDK client that calls the emulator as the account's root user. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** MiniStack, an emulator of AWS, on a free loopback port. */
export interface Emulator {
  readonly url: string;
  readonly clientConfig: ClientConfig;
  /** The same for a program. */
  readonly environment: Readonly<Record<string, string>>;
  /** A folder that is removed at the end. */
  readonly scratch: string;
  /** Ends it and removes its files. It ends with this process, however that ends. */
  stop(): Promise<void>;
}

/**
 * Starts MiniStack; with `auth`, it enforces IAM policies. Where another program has taken the port meanwhile, it is started on another
 * one.
 *
 * @throws {Error} with its output where it does not become ready
 */
export async function startEmulator(options: { readonly auth: boolean }): Promise<Emulator> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePort(options);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

async function startOnFreePort({ auth }: { readonly auth: boolean }): Promise<Emulator> {
  const python = await pythonWithMinistack();
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kargo-front-door-stack-'));
  const guard = new ProcessGuard(scratch);
  const port = await freePort();
  const log = path.join(scratch, 'log');
  const output = openSync(log, 'a');
  const child = spawn(python, ['-m', 'ministack'], {
    cwd: scratch,
    env: {
      ...bareEnvironment(scratch),
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      AUTH: String(auth),
      ...OWNER,
      STATE_DIR: path.join(scratch, 'state'),
      S3_DATA_DIR: path.join(scratch, 's3'),
      // Listeners of services that are not used here, on ports of their own.
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
    },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  guard.add(child);
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.ref();
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM'))
      await Promise.race([ended, sleep(END_WITHIN_MS, undefined, { ref: false })]);
    await guard.end();
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      const written = readFileSync(log, 'utf8').slice(-2000);
      await stop();
      throw new Error(`MiniStack did not become ready. The last that it wrote:\n${written}`);
    }
    await sleep(POLL_MS);
  }
  return {
    url,
    scratch,
    clientConfig: {
      endpoint: url,
      region: REGION,
      credentials: { accessKeyId: OWNER.AWS_ACCESS_KEY_ID, secretAccessKey: OWNER.AWS_SECRET_ACCESS_KEY },
    },
    environment: { AWS_ENDPOINT_URL: url, AWS_REGION: REGION, ...OWNER },
    stop,
  };
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/_ministack/ready`).catch(() => undefined);
  return response?.ok === true;
}
