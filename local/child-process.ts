import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LocalError } from './local-settings.ts';

/** How long a process may take to stop before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 3_000;

/** A process that was started by this one and stops with it. */
export interface ChildProcess {
  readonly pid: number;
  /** Stops it, and waits until it has ended. */
  stop(this: void): Promise<void>;
}

export interface ChildProcessOptions {
  /** Names it in messages. */
  readonly name: string;
  readonly arguments: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Recognizes the line that it prints when it is ready. */
  readonly isReady: (line: string) => boolean;
  /** Takes every line that it prints after that. */
  readonly onLine?: (line: string) => void;
  /** Called when it ends without being stopped. */
  readonly onExit: () => void;
}

/**
 * Starts `node` with these arguments and waits until it is ready.
 *
 * @throws {LocalError} with its output, when it ends before it is ready
 */
export async function startChild(options: ChildProcessOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, options.arguments, {
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = once(child, 'exit');
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const output: string[] = [];
  let isReady = false;
  let isStopping = false;
  for (const stream of [child.stdout, child.stderr].filter((one) => one !== null)) {
    createInterface({ input: stream }).on('line', (line) => {
      if (isReady) options.onLine?.(line);
      else output.push(line);
      if (isReady || !options.isReady(line)) return;
      isReady = true;
      resolve();
    });
  }
  child.on('close', () => {
    if (!isReady) reject(new LocalError(`${options.name} did not start: ${output.join('\n').trim()}`));
    else if (!isStopping) options.onExit();
  });
  await ready;
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      isStopping = true;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(killer);
    },
  };
}
