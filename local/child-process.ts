import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LocalError } from './local-settings.ts';

/** How long a child may take to end by itself before it is killed. */
const END_WITHIN_MS = 3_000;

/** A program that runs beside this one and ends with it. */
export interface ChildProcess {
  /** Ends it, and waits until it has ended. */
  end(): Promise<void>;
}

export interface ChildProcessOptions {
  /** Names it in messages. */
  readonly name: string;
  readonly arguments: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** The line that it prints when it is ready. */
  readonly isReady: (line: string) => boolean;
  /** Takes every line that it prints from then on. */
  readonly onLine?: (line: string) => void;
  /** Called when it ends although nobody asked it to. */
  readonly onLost: () => void;
}

/** Starts `node` with these arguments and waits until it is ready. Raises `LocalError` with its last words where it ends before. */
export async function startChild(options: ChildProcessOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, options.arguments, {
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let isEnding = false;
  const ended = once(child, 'exit');
  const { promise: ready, resolve: becomeReady, reject: fail } = Promise.withResolvers<void>();
  const said: string[] = [];
  let isReady = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (isReady) options.onLine?.(line);
      else said.push(line);
      if (!isReady && options.isReady(line)) {
        isReady = true;
        becomeReady();
      }
    });
  }
  child.on('close', () => {
    if (!isReady) fail(new LocalError(`${options.name} could not be started: ${said.join('\n').trim()}`));
    else if (!isEnding) options.onLost();
  });
  await ready;
  return {
    end: async () => {
      isEnding = true;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
      await ended;
      clearTimeout(killer);
    },
  };
}
