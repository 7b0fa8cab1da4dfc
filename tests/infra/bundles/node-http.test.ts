import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { ESBUILD_OPTIONS } from '../../../infra/bundles/esbuild-options.ts';

const SOURCE = `
import http, { Agent } from 'node:http';
const { default: all, ...later } = await import('node:http');
const left = Object.keys(http).filter((name) => later[name] === undefined);
console.log(JSON.stringify([http.Agent === Agent, http === all, http.request === later.request, left]));
`;

test('a bundle has all of node:http but what loads a copy of undici, at the start and later', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'front-door-http-'));
  try {
    writeFileSync(join(folder, 'receiver.ts'), SOURCE);
    await build({
      ...ESBUILD_OPTIONS,
      absWorkingDir: folder,
      entryPoints: ['receiver.ts'],
      outdir: 'out',
    });
    const env = { ...process.env, NODE_OPTIONS: '' };
    const output = execFileSync(process.execPath, [join(folder, 'out', 'receiver.mjs')], {
      env,
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual([true, true, true, ['WebSocket', 'CloseEvent', 'MessageEvent']]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
