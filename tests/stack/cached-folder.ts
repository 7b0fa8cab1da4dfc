import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Gives a folder of the cache (`$XDG_CACHE_HOME` or `~/.cache`), which `make` fills the first time. It is made beside its place and
 * renamed when it is whole, so that a run that was interrupted leaves nothing that a later one would take for it.
 * Raises what `make` raises.
 */
export async function cachedFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'kargo-front-door', `${name}-${process.platform}-${process.arch}`);
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const scratch = mkdtempSync(`${folder}.making-`);
  try {
    process.stderr.write(`Installing ${name} once, into ${folder}\n`);
    await make(scratch);
    if (!existsSync(folder)) renameSync(scratch, folder);
    return folder;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
