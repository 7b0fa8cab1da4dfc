import type { Plugin } from 'esbuild';
import { arrangeChunks } from '../bundles/arrange-chunks.ts';
import { documentPackages } from '../bundles/document-packages.ts';

/** Returns the plugins for what the framework does now: a bundle that is only run on this machine needs no documents. */
export function esbuildPlugins(framework: {
  readonly processedInput: { readonly commands: readonly string[] };
}): Plugin[] {
  const isRunHere = framework.processedInput.commands.includes('offline');
  return isRunHere ? [arrangeChunks()] : [arrangeChunks(), documentPackages()];
}
