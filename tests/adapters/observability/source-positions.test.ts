import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { ESBUILD_OPTIONS } from '../../../infra/bundles/esbuild-options.ts';
import { limitRecord } from '../../../lib/adapters/observability/log-limits.ts';
import { toSourcePositions } from '../../../lib/adapters/observability/source-positions.ts';

const SOURCES = {
  'receiver.ts': `
const { lengthOf } = await import('./lib/warehouse.ts');

try {
  lengthOf({ name: undefined });
} catch (error) {
  console.log((error as Error).stack);
}
`,
  'lib/warehouse.ts': `
export interface Warehouse {
  readonly name: string | undefined;
}

export function lengthOf({ name }: Warehouse): number {
  return name!.length;
}
`,
};

let folder: string;
let bundle: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'front-door-positions-'));
  bundle = join(folder, 'out', 'receiver.mjs');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a function as it is deployed, and returns the stack trace of its error. */
async function failInBundle(): Promise<string> {
  mkdirSync(join(folder, 'lib'));
  for (const [path, text] of Object.entries(SOURCES)) writeFileSync(join(folder, path), text);
  await build({
    ...ESBUILD_OPTIONS,
    absWorkingDir: folder,
    entryPoints: ['receiver.ts'],
    outdir: join(folder, 'out'),
  });
  const env = { ...process.env, NODE_OPTIONS: '' };
  return execFileSync(process.execPath, [bundle], { env, encoding: 'utf8' });
}

test('an error in the log names the file, line and column of the source', async () => {
  const stack = await failInBundle();
  expect(stack).toContain(`${pathToFileURL(bundle).href}:`);
  const { error } = limitRecord({ error: Object.assign(new Error('failed'), { stack }) });
  const { stack: logged } = error as { readonly stack: string };
  expect(logged.match(/[\w/]+\.ts:\d+:\d+/g)).toEqual(['lib/warehouse.ts:7:16', 'receiver.ts:5:3']);
});

test.each([
  ['are missing', (map: string) => rmSync(map)],
  ['cannot be read', (map: string) => writeFileSync(map, '{')],
])('keeps the positions of a bundle whose source maps %s', async (_what, spoil) => {
  const stack = await failInBundle();
  const out = join(folder, 'out');
  for (const file of readdirSync(out).filter((name) => name.endsWith('.map'))) spoil(join(out, file));
  expect(toSourcePositions(stack)).toBe(stack);
});

test.each([
  ['is not in a bundle', 'Error\n    at node:internal/modules/run_main:117:5'],
  ['is in another file', 'Error\n    at run (/app/functions/receiver.ts:3:1)'],
])('keeps a position that %s', (_what, stack) => {
  expect(toSourcePositions(stack)).toBe(stack);
});
