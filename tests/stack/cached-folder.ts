import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Returns a folder of the cache (`$XDG_CACHE_HOME` or `~/.cache`), which `make` fills the first time. It is filled under another name and
 * then renamed: an interrupted run leaves no incomplete folder under its name.
 *
 * @throws the error of `make`
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
