import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../cluster/free-port.ts';
import { ProcessGuard } from '../cluster/process-guard.ts';
import { lambdaRuntimeClient } from './lambda-runtime.ts';
import { runtimeInterfaceEmulator } from './python-packages.ts';
import { bareEnvironment } from './run-program.ts';

const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 5_000;
const POLL_MS = 50;

export interface LambdaEnvironmentOptions {
  /** The folder that is deployed as the function's code. */
  readonly code: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** One execution environment of Lambda, made by AWS's own programs. */
export interface LambdaEnvironment {
  /**
   * Invokes the function once and returns its answer.
   *
   * @throws {Error} with the log where there is none
   */
  invoke(event: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts the Runtime Interface Emulator with Lambda's Node runtime client. It ends with this process, however that ends. */
export async function startLambdaEnvironment(options: LambdaEnvironmentOptions): Promise<LambdaEnvironment> {
  const { code, handler, environment } = options;
  const [emulator, client] = [await runtimeInterfaceEmulator(), await lambdaRuntimeClient()];
  const [address, api] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'kargo-front-door-lambda-'));
  const guard = new ProcessGuard(scratch);
  const log = path.join(scratch, 'lambda.log');
  const output = openSync(log, 'a');
  const addresses = ['--runtime-interface-emulator-address', address, '--runtime-api-address', api];
  const child = spawn(emulator, [...addresses, process.execPath, client, handler], {
    cwd: code,
    env: {
      ...bareEnvironment(scratch),
      LAMBDA_TASK_ROOT: code,
      _HANDLER: handler,
      AWS_LAMBDA_FUNCTION_NAME: 'receiver',
      AWS_LAMBDA_FUNCTION_TIMEOUT: '10',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/receiver',
      ...environment,
    },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  guard.add(child);
  const url = `http://${address}`;
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(url)) && child.exitCode === null && Date.now() < deadline) await sleep(POLL_MS);
  return {
    invoke: async (event) => {
      const request = { method: 'POST', body: JSON.stringify(event) };
      const answer = await fetch(`${url}/2015-03-31/functions/function/invocations`, request).catch(
        (cause: unknown) => {
          throw new Error(`there was no answer:\n${readFileSync(log, 'utf8')}`, { cause });
        },
      );
      return answer.json();
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.ref();
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM'))
        await Promise.race([ended, sleep(END_WITHIN_MS, undefined, { ref: false })]);
      await guard.end();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
