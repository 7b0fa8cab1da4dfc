import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundleFunctions } from './bundle.ts';
import { bundlePath } from './package-paths.ts';
import { FUNCTION_NAMES } from '../lib/functions.ts';

/** The import is measured in processes of its own; the median counts. */
const RUNS = 5;

/** Settings with which a function can be loaded; it sends nothing before its first event. */
const SETTINGS = {
  RECEIVER_BASE_URL: 'https://hooks.example.com',
  KUBECONFIG: '/dev/null',
  AWS_REGION: 'us-east-1',
  POWERTOOLS_DEV: 'true',
};

await bundleFunctions();
for (const name of FUNCTION_NAMES) {
  const path = bundlePath(name);
  const bundle = readFileSync(path);
  const [size, compressed] = [bundle, gzipSync(bundle)].map(
    ({ length }) => `${(length / 1e6).toFixed(2)} MB`,
  );
  const times = Array.from({ length: RUNS }, () => importMs(path)).toSorted((a, b) => a - b);
  const median = Math.round(times[Math.floor(RUNS / 2)] ?? Number.NaN);
  console.log(`${name}: ${size}, ${compressed} compressed, imported in ${median} ms`);
}

function importMs(path: string): number {
  const program = `const start = performance.now(); await import(${JSON.stringify(pathToFileURL(path))}); console.log(performance.now() - start); process.exit()`;
  const options = ['--enable-source-maps', '--input-type=module', '--eval', program];
  const env = { ...process.env, ...SETTINGS };
  const output = execFileSync(process.execPath, options, { env, encoding: 'utf8' });
  return Number(output.trim().split('\n').at(-1));
}
