import { createRequire } from 'node:module';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { FUNCTIONS, type FunctionName } from '../lib/functions.ts';
import { startChild, type ChildProcess } from './child-process.ts';
import { startLoopbackServer } from './fakes/loopback-server.ts';
import { startLocalGateway } from './local-gateway.ts';

/** The functions behind a local HTTP API like API Gateway's. */
export interface OfflineFunctions extends Pick<ChildProcess, 'stop'> {
  readonly url: string;
  /** Invokes a function once, as its schedule does. Returns the error of a failed run. */
  readonly invoke: (name: FunctionName) => Promise<string | undefined>;
  /**
   * Invokes the redelivery with messages of the retry queue.
   *
   * @throws {Error} where the function fails
   */
  readonly redeliver: (event: SQSEvent) => Promise<SQSBatchResponse>;
}

/** What an invocation of a function answers. */
type FunctionAnswer = Partial<SQSBatchResponse> & { readonly errorMessage?: string };

/** Output of serverless-offline that does not concern deliveries. */
const NOISE = /^\s*(?:(?:POST|ANY) |\(λ|[┌└│]|Running in|$)/;

/**
 * Starts the functions of serverless.yml behind serverless-offline.
 *
 * @param onExit - called when they end without being stopped
 * @throws {LocalError} when serverless-offline does not start
 * @throws {Error} node's `EADDRINUSE` when the port is in use
 */
export async function startOfflineFunctions(
  port: number,
  environment: NodeJS.ProcessEnv,
  onExit: () => void,
): Promise<OfflineFunctions> {
  await probePort(port);
  const httpPort = await probePort(0);
  const lambdaPort = await probePort(0);
  const child = await startChild({
    name: 'serverless-offline',
    arguments: [
      createRequire(import.meta.url).resolve('serverless/bin/serverless.js'),
      'offline',
      'start',
      '--localEnvironment',
      `--httpPort=${httpPort}`,
      `--lambdaPort=${lambdaPort}`,
    ],
    environment: { ...environment, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    isReady: (line) => line.startsWith('Server ready'),
    onLine: (line) => {
      if (!NOISE.test(line)) console.log(line);
    },
    onExit,
  });
  const timeoutMs = FUNCTIONS.receiver.timeoutSeconds * 1_000;
  const gateway = await startLocalGateway(port, `http://127.0.0.1:${httpPort}`, timeoutMs);
  const invoke = async (name: FunctionName, event: object): Promise<FunctionAnswer> => {
    const url = `http://127.0.0.1:${lambdaPort}/2015-03-31/functions/kargo-front-door-dev-${name}/invocations`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(event) });
    return ((await answer.json()) as FunctionAnswer | null) ?? {};
  };
  return {
    stop: async () => {
      await Promise.all([gateway.close(), child.stop()]);
    },
    url: gateway.url,
    invoke: async (name) => (await invoke(name, {})).errorMessage,
    redeliver: async (event) => {
      const { errorMessage, batchItemFailures } = await invoke('redelivery', event);
      if (batchItemFailures === undefined) throw new Error(errorMessage ?? 'the function did not answer');
      return { batchItemFailures };
    },
  };
}

/** Listens for a moment, so that a port in use is reported in one line. Returns the port; 0 selects a free one. */
async function probePort(port: number): Promise<string> {
  const { url, close } = await startLoopbackServer(port, () => undefined);
  await close();
  return new URL(url).port;
}
