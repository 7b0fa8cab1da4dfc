import { join } from 'node:path';
import { PACKAGE_ROOT } from '../package-paths.ts';

/** Replaces `node:http` in bundles. */
const NODE_HTTP = join(PACKAGE_ROOT, 'infra', 'bundles', 'node-http.js');

/** How both deployments bundle a function. What a cold start costs depends on it: docs/decisions/0022-what-a-cold-start-loads.md. */
export const ESBUILD_OPTIONS = {
  bundle: true,
  // What is imported later is in files of its own.
  splitting: true,
  minify: true,
  sourcemap: true,
  /** The map names files and lines; the text of the sources would treble the download. */
  sourcesContent: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Node reads it as an ES module without a package.json.
  outExtension: { '.js': '.mjs' },
  // Of a package that has both, the ES modules: what is not used of them is left out.
  mainFields: ['module', 'main'] as string[],
  alias: { 'node:http': NODE_HTTP, http: NODE_HTTP },
  // What is bundled from CommonJS still calls `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const;
