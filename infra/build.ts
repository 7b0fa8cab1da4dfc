import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundleFunction } from './bundle.ts';
import { FUNCTION_NAMES, type FunctionName } from '../lib/functions.ts';

/** The import is measured in processes of its own; the median counts. */
const RUNS = 5;

/** Settings with which a function can be loaded; it sends nothing before its first event. */
const SETTINGS = {
  RECEIVER_BASE_URL: 'https://hooks.example.com',
  KUBECONFIG: '/dev/null',
  AWS_REGION: 'us-east-1',
  POWERTOOLS_DEV: 'true',
};

for (const name of FUNCTION_NAMES) await buildFunction(name);

async function buildFunction(name: FunctionName): Promise<void> {
  const path = await bundleFunction(name);
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(
    `${name}: ${megabytes(statSync(path).size)}, ${megabytes(gzipSync(readFileSync(path)).length)} compressed, imported in ${importMs(path)} ms`,
  );
}

function importMs(path: string): number {
  const program = `const start = performance.now(); await import(${JSON.stringify(pathToFileURL(path))}); console.log(performance.now() - start); process.exit()`;
  const times = Array.from({ length: RUNS }, () =>
    Number(
      execFileSync(process.execPath, ['--enable-source-maps', '--input-type=module', '--eval', program], {
        env: { ...process.env, ...SETTINGS },
        encoding: 'utf8',
      })
        .trim()
        .split('\n')
        .at(-1),
    ),
  );
  return Math.round(times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN);
}
