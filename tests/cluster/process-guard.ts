import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Sees to it that processes do not outlive the one that started them, however that ends: a second process holds the other
 * end of a pipe and, when it closes, kills what was named to it and removes the scratch folder.
 */
export class ProcessGuard {
  readonly #guard: ChildProcess;
  readonly #orders: Socket;

  constructor(scratch: string) {
    const script = fileURLToPath(import.meta.url);
    // A group of its own, since Ctrl-C reaches the whole group of the terminal.
    this.#guard = spawn(process.execPath, [script, scratch], {
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    this.#guard.unref();
    this.#orders = this.#guard.stdin as Socket;
    this.#orders.unref();
    // There is nobody to tell when the guard was killed itself.
    this.#orders.on('error', () => {});
  }

  /** From now on `child` does not keep this process running, and ends with it. */
  add(child: ChildProcess): void {
    child.unref();
    this.#orders.write(`+${child.pid}\n`);
    child.once('exit', () => {
      if (this.#orders.writable) this.#orders.write(`-${child.pid}\n`);
    });
  }

  /** Kills what is guarded and removes the scratch folder. */
  async end(): Promise<void> {
    this.#guard.ref();
    const ended = once(this.#guard, 'exit');
    this.#orders.end();
    await ended;
  }
}

/** The other process: it reads `+PID` and `-PID` until its input ends. */
async function guard(scratch: string): Promise<void> {
  const guarded = new Set<number>();
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.startsWith('+')) guarded.add(Number(line.slice(1)));
    else guarded.delete(Number(line.slice(1)));
  }
  for (const pid of guarded) killed(pid);
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10 });
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

// No top-level await: jest, whose setup imports this file, could not load it then.
if (process.argv[1] === fileURLToPath(import.meta.url)) void guard(process.argv[2]!);
