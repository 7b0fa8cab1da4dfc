import { dirname, join } from 'node:path';
import type { FunctionName } from '../lib/functions.ts';

/** The folder of package.json, from the sources and from what `npm run build` makes of them in dist/. */
export const PACKAGE_ROOT = import.meta.filename.endsWith('.ts')
  ? dirname(import.meta.dirname)
  : join(import.meta.dirname, '..', '..');

/** Returns the folder that is deployed as a function's code. */
export function bundleFolder(name: FunctionName): string {
  return join(PACKAGE_ROOT, 'dist', 'lambda', name);
}

/** Returns the bundle in that folder, under the path that the handler names. */
export function bundlePath(name: FunctionName): string {
  return join(bundleFolder(name), 'functions', `${name}.mjs`);
}

/** Returns the handler of a function, as Lambda writes it. */
export function handlerOf(name: FunctionName): string {
  return `functions/${name}.handler`;
}
