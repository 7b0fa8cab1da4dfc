import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { FUNCTION_NAMES, type FunctionName } from '../lib/functions.ts';
import { ESBUILD_OPTIONS } from './constants.ts';
import { bundleFolder, bundlePath, PACKAGE_ROOT } from './package-paths.ts';

/**
 * Bundles a function from its sources into dist/, with the options that serverless.yml has too.
 *
 * @returns the bundle's path
 * @throws esbuild's error
 */
export async function bundleFunction(name: FunctionName): Promise<string> {
  const outfile = bundlePath(name);
  rmSync(bundleFolder(name), { recursive: true, force: true });
  await build({
    ...ESBUILD_OPTIONS,
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: [`functions/${name}.ts`],
    outdir: dirname(outfile),
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  return outfile;
}

/** Bundles every function. */
export async function bundleFunctions(): Promise<void> {
  await Promise.all(FUNCTION_NAMES.map(bundleFunction));
}
