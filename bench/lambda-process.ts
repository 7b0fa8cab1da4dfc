import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ESBUILD_OPTIONS } from '../infra/bundles/esbuild-options.ts';
import { DEFAULTS } from '../infra/constants.ts';
import { PACKAGE_ROOT } from '../infra/package-paths.ts';
import type { BenchTask, Report } from './measured-function.ts';

/** Heap limit for a function of 512 MB. The rest of the memory is for everything outside the heap. */
const HEAP_MB = 400;

/** The end of a log that an error shows. */
const MAX_SHOWN_LOG = 4_000;

/** What a process measured, and what it logged. */
export interface ProcessReport extends Report {
  /** Bytes of its log, which CloudWatch bills. */
  readonly logBytes: number;
}

/** Runs tasks in processes like Lambda's: with the bundled code, logs and metrics, and a heap that fits the function's memory. */
export class LambdaProcesses {
  readonly #folder = mkdtempSync(join(tmpdir(), 'front-door-bench-'));

  /** Bundles the functions as they are deployed. */
  async prepare(): Promise<void> {
    await build({
      ...ESBUILD_OPTIONS,
      absWorkingDir: PACKAGE_ROOT,
      entryPoints: ['bench/measured-function.ts'],
      outdir: this.#folder,
      logLevel: 'warning',
    });
  }

  /**
   * @throws {Error} where the process ends without a report: it ran out of memory, or an answer was wrong; and where it used more memory
   * than the function has
   */
  async run(task: BenchTask): Promise<ProcessReport> {
    const { POWERTOOLS_METRICS_DISABLED: _disabled, POWERTOOLS_DEV: _dev, ...env } = process.env;
    let logBytes = 0;
    let log = '';
    const read = (chunk: Buffer): void => {
      logBytes += chunk.length;
      log = (log + chunk.toString()).slice(-MAX_SHOWN_LOG);
    };
    const child = fork(join(this.#folder, 'measured-function.mjs'), {
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      // The secrets are new, and within its grace a rotation reads each twice. That is not how a month is spent.
      env: { ...env, LOG_LEVEL: 'INFO', ROTATION_GRACE_HOURS: '0' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.send(task);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the measured process ended with ${signal ?? code}: ${JSON.stringify(task)}\n${log}`);
    });
    const [report] = (await Promise.race([once(child, 'message'), ended])) as [Report];
    if (report.peakMb > DEFAULTS.memorySize)
      throw new Error(
        `${report.peakMb} MB exceed the function's ${DEFAULTS.memorySize}: ${JSON.stringify(task)}`,
      );
    return { ...report, logBytes };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
