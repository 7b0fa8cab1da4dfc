import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { listChunks } from '../infra/bundles/arrange-chunks.ts';
import { ESBUILD_OPTIONS } from '../infra/bundles/esbuild-options.ts';
import { PACKAGE_ROOT } from '../infra/package-paths.ts';
import { FUNCTION_NAMES } from '../lib/functions.ts';

/** Settings with which a function can be loaded; it sends nothing before its first event. */
const SETTINGS = {
  RECEIVER_BASE_URL: 'https://hooks.example.com',
  KUBECONFIG: '/dev/null',
  BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
  RETRY_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/000000000000/retries',
  AWS_REGION: 'us-east-1',
  POWERTOOLS_DEV: 'true',
};

/** Name of the handler that does nothing. */
export const EMPTY = 'an empty handler';

/** Name of the handler that loads the generated client of Kubernetes and the SDK's, and does nothing with them. */
export const USUAL_CLIENTS = 'a handler with the usual clients';

/** What Lambda does with a bundle before the first event. */
export interface ColdStart {
  readonly name: string;
  /** Of the files that the import loads. */
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Median time of an import in a new process. */
  readonly ms: number;
  /** Median CPU time of it, of all threads. */
  readonly cpuMs: number;
}

interface Bundle {
  readonly name: string;
  readonly path: string;
  /** The bundle, and the chunks that its import loads. */
  readonly files: readonly Buffer[];
}

/**
 * Bundles the functions as they are deployed and measures their import, and those of the handlers that they are compared with.
 *
 * @param runs - imports of each; they are taken in turns, so that other load on the machine affects all alike
 */
export async function measureColdStarts(runs: number): Promise<ColdStart[]> {
  const folder = mkdtempSync(join(tmpdir(), 'front-door-bench-'));
  try {
    const sources = new Map([
      [EMPTY, 'bench/empty-handler.ts'],
      [USUAL_CLIENTS, 'bench/usual-clients-handler.ts'],
      ...FUNCTION_NAMES.map((name) => [name, `functions/${name}.ts`] as const),
    ]);
    const bundles = await Promise.all([...sources].map(([name, source]) => bundle(name, source, folder)));
    const rounds = Array.from({ length: runs }, () => bundles.map(({ path }) => importOnce(path)));
    return bundles.map(({ name, files }, index) => ({
      name,
      bytes: sum(files.map((file) => file.length)),
      gzipBytes: sum(files.map((file) => gzipSync(file).length)),
      ms: median(rounds.map((round) => round[index]!.ms)),
      cpuMs: median(rounds.map((round) => round[index]!.cpuMs)),
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(name: string, source: string, folder: string): Promise<Bundle> {
  const { metafile } = await build({
    ...ESBUILD_OPTIONS,
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: [source],
    outdir: join(folder, name),
    logLevel: 'warning',
    metafile: true,
  });
  const loaded = [...listChunks(metafile, source, 'at the start')].map((path) => join(PACKAGE_ROOT, path));
  return { name, path: loaded[0]!, files: loaded.map((path) => readFileSync(path)) };
}

/** Imports a bundle in a new process. */
function importOnce(path: string): { readonly ms: number; readonly cpuMs: number } {
  const program = `
    const cpu = process.cpuUsage();
    const start = performance.now();
    await import(${JSON.stringify(pathToFileURL(path))});
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ ms, cpuMs: (user + system) / 1000 }));
    process.exit();
  `;
  const options = ['--input-type=module', '--eval', program];
  const env = { ...process.env, ...SETTINGS };
  const output = execFileSync(process.execPath, options, { env, encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as { ms: number; cpuMs: number };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
