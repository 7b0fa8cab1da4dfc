import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';
import { bundleFolder, bundlePath } from './bundle-path.ts';
import { packageRoot } from './package-root.ts';
import { values, type FunctionId } from './values.ts';

/** Bundles a function from its sources into dist/, as serverless.yml does, and gives the bundle's path. Raises esbuild's error. */
export async function bundleFunction(id: FunctionId): Promise<string> {
  const outfile = bundlePath(id);
  rmSync(bundleFolder(id), { recursive: true, force: true });
  await build({
    ...values.esbuild,
    absWorkingDir: packageRoot,
    entryPoints: [`functions/${id}.ts`],
    outdir: dirname(outfile),
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  return outfile;
}

/** Bundles every function. */
export async function bundleFunctions(): Promise<void> {
  await Promise.all([bundleFunction('receiver'), bundleFunction('reconciler')]);
}
