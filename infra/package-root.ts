import { dirname, join } from 'node:path';

/** The folder of package.json, from the sources and from what `npm run build` makes of them in dist/. */
export const packageRoot = import.meta.filename.endsWith('.ts')
  ? dirname(import.meta.dirname)
  : join(import.meta.dirname, '..', '..');
