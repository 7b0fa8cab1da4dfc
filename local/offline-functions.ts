import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { startChild, type ChildProcess } from './child-process.ts';

/** Answers where the deployed gateway would, and invokes functions by name. */
export interface OfflineFunctions extends ChildProcess {
  readonly url: string;
  /** Invokes the reconciler once, as its schedule does; gives the error's text where the run failed. */
  readonly reconcile: () => Promise<string | undefined>;
}

/** Lines that tell nothing about a delivery. */
const NOISE = /^\s*(?:(?:POST|ANY) |\(λ|[┌└│]|Running in|$)/;

/**
 * Starts the functions of serverless.yml behind serverless-offline on `port`. Raises what `startChild` raises, and node's EADDRINUSE
 * where the port is taken.
 */
export async function startOfflineFunctions(
  port: number,
  environment: NodeJS.ProcessEnv,
  onLost: () => void,
): Promise<OfflineFunctions> {
  await probe(port);
  const lambdaPort = await probe(0);
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
    onLost,
  });
  const invocation = `http://127.0.0.1:${lambdaPort}/2015-03-31/functions/kargo-front-door-dev-reconciler/invocations`;
  return {
    ...child,
    url: `http://127.0.0.1:${port}`,
    reconcile: async () => {
      const answer = await fetch(invocation, { method: 'POST', body: '{}' });
      const result = (await answer.json()) as { errorMessage?: string } | null;
      return result?.errorMessage;
    },
  };
}

/** Takes a port for a moment, so that one in use is told of in one line; gives its number. */
async function probe(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return taken;
}
