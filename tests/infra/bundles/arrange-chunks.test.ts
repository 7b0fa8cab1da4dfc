import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { arrangeChunks } from '../../../infra/bundles/arrange-chunks.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'front-door-chunks-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles one of two functions into the folder of both, with a module that it imports later. Returns the files there. */
async function bundle(name: string, later: string): Promise<string[]> {
  writeFileSync(join(folder, `${name}.ts`), "export const load = () => import('./later.ts');");
  writeFileSync(join(folder, 'later.ts'), later);
  await build({
    absWorkingDir: folder,
    entryPoints: [`${name}.ts`],
    outdir: 'out',
    bundle: true,
    splitting: true,
    sourcemap: true,
    format: 'esm',
    plugins: [arrangeChunks()],
  });
  const files = readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' });
  return files.map((file) => file.replace(/-\w{8}\./, '-HASH.')).toSorted();
}

test('a bundle has its chunks in a folder of its own, and none of a former build', async () => {
  await bundle('receiver', 'export const value = 1;');
  mkdirSync(join(folder, 'out', 'redelivery.chunks'));
  expect(await bundle('receiver', 'export const value = 2;')).toEqual([
    'receiver.chunks',
    'receiver.chunks/later-HASH.js',
    'receiver.chunks/later-HASH.js.map',
    'receiver.js',
    'receiver.js.map',
    'redelivery.chunks',
  ]);
});

test('a chunk that nothing imports any more is not kept', async () => {
  writeFileSync(join(folder, 'unused.ts'), 'export const value = 1;');
  const files = await bundle(
    'receiver',
    "const leftOut = () => import('./unused.ts'); export const value = 2;",
  );
  expect(files.filter((file) => file.includes('unused'))).toEqual([]);
});
