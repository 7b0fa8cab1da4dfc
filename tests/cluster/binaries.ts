import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildGoProgram, ETCD, KUBE_APISERVER, type GoProgram } from './go-programs.ts';

/** Paths of the two programs of a cluster API. */
export interface ClusterBinaries {
  etcd: string;
  kubeApiserver: string;
}

/** Message where the programs are missing: what to install. */
export const NEEDS =
  'A real cluster API needs Go 1.26 or newer on the PATH (it is built once, about 10 minutes on 2 cores), ' +
  'or KUBEBUILDER_ASSETS naming a folder with kube-apiserver and etcd.';

/**
 * Finds kube-apiserver and etcd: in `KUBEBUILDER_ASSETS` where it is set (the convention of controller-runtime's
 * envtest), else in the cache, into which missing ones are built.
 *
 * @throws {Error} with {@link NEEDS} where a program is missing and cannot be built
 */
export async function findOrBuildBinaries(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ClusterBinaries> {
  const assets = environment['KUBEBUILDER_ASSETS'];
  if (assets) {
    const found = { etcd: path.join(assets, 'etcd'), kubeApiserver: path.join(assets, 'kube-apiserver') };
    for (const file of Object.values(found)) {
      if (!existsSync(file)) throw new Error(`KUBEBUILDER_ASSETS: ${file} not found. ${NEEDS}`);
    }
    return found;
  }
  return { etcd: await cached(ETCD, environment), kubeApiserver: await cached(KUBE_APISERVER, environment) };
}

async function cached(program: GoProgram, environment: NodeJS.ProcessEnv): Promise<string> {
  const cache = environment['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  const folder = `${program.name}-${program.version}-${process.platform}-${process.arch}`;
  const file = path.join(cache, 'kargo-front-door', folder, program.name);
  if (existsSync(file)) return file;
  requireGo(environment);
  process.stderr.write(`Building ${program.name} ${program.version} once, into ${file}\n`);
  await buildGoProgram(program, file);
  return file;
}

function requireGo(env: NodeJS.ProcessEnv): void {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore', env });
  } catch (cause) {
    throw new Error(NEEDS, { cause });
  }
}
