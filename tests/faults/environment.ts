import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { FUNCTIONS, type FunctionName } from '../../lib/functions.ts';
import type { Invocation, InvocationResult } from './environment-process.ts';

/** An environment of a function: a process that handles one event at a time. It is started when it is needed, also after it was killed. */
export class Environment {
  readonly #name: FunctionName;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #logs: string[];
  #child: ChildProcess | undefined;
  #isBusy = false;

  /** @param logs - where its output is added */
  constructor(name: FunctionName, settings: Readonly<Record<string, string>>, logs: string[]) {
    this.#name = name;
    this.#settings = settings;
    this.#logs = logs;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Loads the function. */
  async start(): Promise<void> {
    const child = fork(join(import.meta.dirname, 'environment-process.ts'), [this.#name], {
      env: { PATH: process.env['PATH'], ...this.#settings },
      silent: true,
    });
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => void this.#logs.push(text));
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    this.#child = child;
    await this.#nextReply(child);
  }

  /**
   * Invokes the function. The environment is killed where the function exceeds its timeout.
   *
   * @throws {Error} where the function throws, or the environment ends
   */
  async invoke(event: object): Promise<unknown> {
    this.#isBusy = true;
    const timeoutMs = FUNCTIONS[this.#name].timeoutSeconds * 1_000;
    let timer: NodeJS.Timeout | undefined;
    try {
      if (this.#child === undefined) await this.start();
      const child = this.#child;
      if (child === undefined) throw new Error(`${this.#name} was killed`);
      timer = setTimeout(() => this.kill(), timeoutMs);
      const reply = this.#nextReply(child);
      child.send({ event, timeoutMs } satisfies Invocation);
      return await reply;
    } finally {
      clearTimeout(timer);
      this.#isBusy = false;
    }
  }

  /** Kills the process at once, in the middle of what it does. */
  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async #nextReply(child: ChildProcess): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onMessage = (reply: InvocationResult): void => {
      if ('error' in reply) reject(new Error(reply.error));
      else resolve(reply.result);
    };
    const onExit = (): void => reject(new Error(`${this.#name} was killed`));
    child.once('message', onMessage).once('exit', onExit);
    return promise.finally(() => child.off('message', onMessage).off('exit', onExit));
  }
}
