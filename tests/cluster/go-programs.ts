import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The build of kube-apiserver lists some thousand packages on its way; execFile's own limit is 1 MiB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** A program that is built from a published Go module, without a checkout of its repository. */
export interface GoProgram {
  name: string;
  module: string;
  version: string;
  package: string;
  /** Passed to the linker: what the project's own release build stamps into the program. */
  ldflags: string;
  /** The version for modules that the program's go.mod replaces by folders of its repository ("staging"). */
  stagingVersion?: string;
}

export const KUBE_APISERVER: GoProgram = {
  name: 'kube-apiserver',
  module: 'k8s.io/kubernetes',
  version: 'v1.36.3',
  package: 'k8s.io/kubernetes/cmd/kube-apiserver',
  ldflags: ['gitVersion=v1.36.3', 'gitMajor=1', 'gitMinor=36', 'gitTreeState=clean']
    .map((stamp) => `-X k8s.io/component-base/version.${stamp}`)
    .join(' '),
  stagingVersion: 'v0.36.3',
};

export const ETCD: GoProgram = {
  name: 'etcd',
  module: 'go.etcd.io/etcd/server/v3',
  version: 'v3.6.11',
  package: 'go.etcd.io/etcd/server/v3',
  ldflags: '',
};

/**
 * Builds `program` into the file `target`, atomically: in a scratch folder beside it, and then renamed. So an interrupted build,
 * or two concurrent ones, leave no broken file.
 *
 * @throws {Error} with Go's message when the build fails
 */
export async function buildGoProgram(program: GoProgram, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const scratch = await mkdtemp(`${target}.building-`);
  try {
    await writeFile(path.join(scratch, 'go.mod'), await wrapperModule(program, scratch));
    const built = path.join(scratch, program.name);
    const flags = ['-trimpath', `-ldflags=-s -w ${program.ldflags}`, '-o', built];
    await go(scratch, 'build', ...flags, program.package);
    await rename(built, target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Returns the go.mod of a module that only requires the program's. `replace` has an effect in the main module only, so the staging
 * modules, which the program's go.mod requires as v0.0.0, are replaced here by their published versions.
 */
async function wrapperModule(program: GoProgram, scratch: string): Promise<string> {
  const wrapper = `module build\n\nrequire ${program.module} ${program.version}\n`;
  if (program.stagingVersion === undefined) return wrapper;
  await writeFile(path.join(scratch, 'go.mod'), 'module build\n');
  const { GoMod } = JSON.parse(
    await go(scratch, 'list', '-m', '-json', `${program.module}@${program.version}`),
  );
  const staging = (await readFile(GoMod, 'utf8')).matchAll(/^\s*(\S+) => \.\/staging\//gm);
  return (
    wrapper +
    Array.from(staging, ([, module]) => `replace ${module} => ${module} ${program.stagingVersion}\n`).join('')
  );
}

async function go(directory: string, ...parameters: string[]): Promise<string> {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' };
  const { stdout } = await run('go', parameters, { cwd: directory, env, maxBuffer: MAX_OUTPUT_BYTES });
  return stdout;
}
