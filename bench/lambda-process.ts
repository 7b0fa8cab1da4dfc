import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ESBUILD_OPTIONS } from '../infra/constants.ts';
import type { Report, BenchTask } from './measured-function.ts';

/** Heap limit for a function of 512 MB. The rest of the memory is for everything outside the heap. */
const HEAP_MB = 400;

/** Runs tasks in processes like Lambda's: with the bundled code and a heap that fits the function's memory. */
export class LambdaProcesses {
  readonly #folder = mkdtempSync(join(tmpdir(), 'front-door-bench-'));

  /** Bundles the functions as they are deployed. */
  async prepare(): Promise<void> {
    await build({
      ...ESBUILD_OPTIONS,
      entryPoints: [join(import.meta.dirname, 'measured-function.ts')],
      outdir: this.#folder,
      outExtension: { '.js': '.mjs' },
      logLevel: 'warning',
    });
  }

  /** @throws {Error} where the process ends without a report: it ran out of memory, or an answer was wrong */
  async run(task: BenchTask): Promise<Report> {
    const child = fork(join(this.#folder, 'measured-function.mjs'), {
      execArgv: [`--max-old-space-size=${HEAP_MB}`, '--enable-source-maps'],
    });
    child.send(task);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the measured process ended with ${signal ?? code}`);
    });
    const [report] = (await Promise.race([once(child, 'message'), ended])) as [Report];
    return report;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
