import path from 'node:path';
import { cachedFolder } from './cached-folder.ts';
import { runProgram } from './run-program.ts';

/** MiniStack and its dependencies, pinned. */
const MINISTACK = {
  name: 'ministack-1.5.33',
  packages: [
    'ministack==1.5.33',
    'botocore==1.43.106',
    'defusedxml==0.7.1',
    'graphql-core==3.2.12',
    'h11==0.16.0',
    'h2==4.4.1',
    'hpack==4.2.0',
    'hypercorn==0.18.0',
    'hyperframe==6.1.0',
    'jmespath==1.1.0',
    'jsonata-python==0.7.1',
    'priority==2.0.0',
    'python-dateutil==2.9.0.post0',
    'PyYAML==6.0.3',
    'six==1.17.0',
    'urllib3==2.8.0',
    'wsproto==1.3.2',
  ],
};

/** AWS's Lambda Runtime Interface Emulator comes in this wheel; nothing else of it is used. */
const SAM_CLI = { name: 'aws-sam-cli-1.170.0', packages: ['aws-sam-cli==1.170.0'] };

/**
 * Returns the Python that has MiniStack.
 *
 * @throws {Error} where Python 3 or the package index is missing
 */
export async function pythonWithMinistack(): Promise<string> {
  return path.join(await virtualEnvironment(MINISTACK), 'bin', 'python');
}

/**
 * Returns AWS's Lambda Runtime Interface Emulator for this machine.
 *
 * @throws {Error} where Python 3 or the package index is missing
 */
export async function runtimeInterfaceEmulator(): Promise<string> {
  const environment = await virtualEnvironment(SAM_CLI);
  const program = 'import os, samcli.local.rapid as it; print(list(it.__path__)[0])';
  const folder = await runProgram(path.join(environment, 'bin', 'python'), ['-c', program], {
    cwd: environment,
  });
  return path.join(folder.trim(), `aws-lambda-rie-${process.arch === 'x64' ? 'x86_64' : process.arch}`);
}

async function virtualEnvironment({ name, packages }: typeof MINISTACK): Promise<string> {
  return cachedFolder(name, async (folder) => {
    await runProgram('python3', ['-m', 'venv', folder], { cwd: folder });
    const python = path.join(folder, 'bin', 'python');
    const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    await runProgram(python, ['-m', 'pip', 'install', ...flags, ...packages], { cwd: folder });
  });
}
