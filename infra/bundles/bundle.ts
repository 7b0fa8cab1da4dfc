import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { FUNCTION_NAMES, type FunctionName } from '../../lib/functions.ts';
import { ESBUILD_OPTIONS } from './esbuild-options.ts';
import { arrangeChunks } from './arrange-chunks.ts';
import { documentPackages } from './document-packages.ts';
import { bundleFolder, bundlePath, PACKAGE_ROOT } from '../package-paths.ts';

/**
 * Bundles every function from its sources into dist/, with the options and documents that serverless.yml has too.
 *
 * @throws esbuild's error
 */
export async function bundleFunctions(): Promise<void> {
  await Promise.all(FUNCTION_NAMES.map(bundleFunction));
}

async function bundleFunction(name: FunctionName): Promise<void> {
  rmSync(bundleFolder(name), { recursive: true, force: true });
  await build(buildOptionsOf(name));
}

/** Returns how esbuild bundles a function. */
export function buildOptionsOf(name: FunctionName): BuildOptions {
  return {
    ...ESBUILD_OPTIONS,
    absWorkingDir: PACKAGE_ROOT,
    entryPoints: [`functions/${name}.ts`],
    outdir: dirname(bundlePath(name)),
    plugins: [arrangeChunks(), documentPackages()],
    logLevel: 'warning',
  };
}
