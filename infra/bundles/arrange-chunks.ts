import { rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { BuildOptions, Metafile, Plugin } from 'esbuild';

/**
 * Makes a plugin of esbuild that puts the chunks of a bundle into a folder named after it: `receiver.chunks`. serverless-esbuild writes all
 * bundles into one folder, and leaves out of a function's package what begins with the name of another bundle and a dot. What a former build
 * left there is removed, because it packs every file that it finds; and so are chunks that nothing imports: esbuild writes one for each
 * `import()`, also where that is in code that is left out.
 */
export function arrangeChunks(): Plugin {
  return {
    name: 'arrange-chunks',
    setup: (build) => {
      const { initialOptions } = build;
      const { outdir, absWorkingDir = process.cwd() } = initialOptions;
      if (outdir === undefined) throw new Error('arrangeChunks needs the folder of the bundle');
      const entry = entryOf(initialOptions);
      const folder = `${bundleNameOf(initialOptions)}.chunks`;
      initialOptions.chunkNames = `${folder}/[name]-[hash]`;
      initialOptions.metafile = true;
      build.onStart(() => rmSync(resolve(absWorkingDir, outdir, folder), { recursive: true, force: true }));
      build.onEnd(({ metafile }) => {
        if (metafile === undefined) return;
        const used = listChunks(metafile, entry, 'at any time');
        for (const path of Object.keys(metafile.outputs)) {
          if (used.has(path.replace(/\.map$/, ''))) continue;
          rmSync(resolve(absWorkingDir, path), { force: true });
          delete metafile.outputs[path];
        }
      });
    },
  };
}

/** Returns the name of a bundle: that of its entry point, without ending. */
export function bundleNameOf(options: BuildOptions): string {
  return basename(entryOf(options), '.ts');
}

/** Lists the files of a bundle that its entry point imports: at the start, or at any time. The bundle itself is the first. */
export function listChunks(
  { outputs }: Metafile,
  entry: string,
  when: 'at the start' | 'at any time',
): ReadonlySet<string> {
  const listed = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entry));
  for (const path of listed) {
    const imported = outputs[path]?.imports ?? [];
    for (const { path: chunk, kind } of imported)
      if (chunk in outputs && (when === 'at any time' || kind !== 'dynamic-import')) listed.add(chunk);
  }
  return listed;
}

function entryOf({ entryPoints }: BuildOptions): string {
  const [entry, ...others] = Array.isArray(entryPoints) ? entryPoints : [];
  if (typeof entry !== 'string' || others.length > 0) throw new Error('A bundle has one entry point');
  return entry;
}
