import { join } from 'node:path';
import { packageRoot } from './package-root.ts';
import { values, type FunctionId } from './values.ts';

/** Gives the folder that is deployed as a function's code. */
export function bundleFolder(id: FunctionId): string {
  return join(packageRoot, 'dist', 'lambda', id);
}

/** Gives the bundle in it, under the path that the handler names. */
export function bundlePath(id: FunctionId): string {
  return join(bundleFolder(id), values[id].handler.replace(/\.handler$/, '.mjs'));
}
