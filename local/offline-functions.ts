import { createRequire } from 'node:module';
import { startChild, type ChildProcess } from './child-process.ts';
import { startLoopbackServer } from './fakes/loopback-server.ts';

/** The functions behind a local HTTP API like API Gateway's. */
export interface OfflineFunctions extends ChildProcess {
  readonly url: string;
  /** Invokes the reconciler once, as its schedule does. Returns the error of a failed run. */
  readonly reconcile: () => Promise<string | undefined>;
}

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
  const lambdaPort = await probePort(0);
  const child = await startChild({
    name: 'serverless-offline',
    arguments: [
      createRequire(import.meta.url).resolve('serverless/bin/serverless.js'),
      'offline',
      'start',
      '--localEnvironment',
      `--httpPort=${port}`,
      `--lambdaPort=${lambdaPort}`,
    ],
    environment: { ...environment, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    isReady: (line) => line.startsWith('Server ready'),
    onLine: (line) => {
      if (!NOISE.test(line)) console.log(line);
    },
    onExit,
  });
  const invocation = `http://127.0.0.1:${lambdaPort}/2015-03-31/functions/kargo-front-door-dev-reconciler/invocations`;
  return {
    ...child,
    url: `http://127.0.0.1:${port}`,
    reconcile: async () => {
      const answer = await fetch(invocation, { method: 'POST', body: '{}' });
      return ((await answer.json()) as { errorMessage?: string } | null)?.errorMessage;
    },
  };
}

/** Listens for a moment, so that a port in use is reported in one line. Returns the port; 0 selects a free one. */
async function probePort(port: number): Promise<string> {
  const { url, close } = await startLoopbackServer(port, () => undefined);
  await close();
  return new URL(url).port;
}
