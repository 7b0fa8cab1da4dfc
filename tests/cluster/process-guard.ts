import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Ends processes with the one that started them, however that ends: a guard process holds the other end of a pipe and, when
 * it closes, kills the processes that were added and removes the scratch folder.
 */
export class ProcessGuard {
  readonly #guard: ChildProcess;
  readonly #orders: Socket;

  constructor(scratch: string) {
    const script = fileURLToPath(import.meta.url);
    // In its own process group, because Ctrl-C reaches the whole group of the terminal.
    this.#guard = spawn(process.execPath, [script, scratch], {
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    this.#guard.unref();
    this.#orders = this.#guard.stdin as Socket;
    this.#orders.unref();
    // The guard itself may have been killed.
    this.#orders.on('error', () => {});
  }

  /** Makes `child` end with this process, without keeping it running. */
  add(child: ChildProcess): void {
    child.unref();
    this.#orders.write(`+${child.pid}\n`);
    child.once('exit', () => {
      if (this.#orders.writable) this.#orders.write(`-${child.pid}\n`);
    });
  }

  /** Kills the added processes and removes the scratch folder. */
  async end(): Promise<void> {
    this.#guard.ref();
    const ended = once(this.#guard, 'exit');
    this.#orders.end();
    await ended;
  }
}

/** Runs in the guard process: reads `+PID` and `-PID` until its input ends. */
async function guard(scratch: string): Promise<void> {
  const guarded = new Set<number>();
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.startsWith('+')) guarded.add(Number(line.slice(1)));
    else guarded.delete(Number(line.slice(1)));
  }
  for (const pid of guarded) kill(pid);
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10 });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has already ended.
  }
}

// No top-level await, because jest's setup could not import this file then.
if (process.argv[1] === fileURLToPath(import.meta.url)) void guard(process.argv[2]!);
