import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cachedFolder } from './cached-folder.ts';
import { runProgram } from './run-program.ts';

const VERSION = '4.0.2';

/** The programs that compile the client's native part when it is installed. */
const COMPILERS = ['cmake', 'g++', 'make', 'tar', 'xz'];

/** Returns what is missing on this machine to run a bundle as Lambda does; empty where it can. */
export function missingForLambdaRuntime(): string[] {
  if (process.platform !== 'linux') return ['Linux'];
  const missing = COMPILERS.filter((program) => !isThere(program));
  return hasNodeHeaders() ? missing : [...missing, "Node's headers (npm's setting nodedir)"];
}

/** Returns the program with which Lambda's Node runtime serves a handler. The first time it is compiled, in a minute or two. */
export async function lambdaRuntimeClient(): Promise<string> {
  const folder = await cachedFolder(`aws-lambda-ric-${VERSION}`, async (place) => {
    const manifest = { private: true, allowScripts: { 'aws-lambda-ric': true } };
    writeFileSync(path.join(place, 'package.json'), JSON.stringify(manifest));
    const flags = ['--no-audit', '--no-fund', '--save-exact'];
    await runProgram('npm', ['install', ...flags, `aws-lambda-ric@${VERSION}`], { cwd: place });
  });
  return path.join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs');
}

/** Without them the compiler's front end would fetch them, from no package registry. */
function hasNodeHeaders(): boolean {
  const nodedir = execFileSync('npm', ['config', 'get', 'nodedir'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return existsSync(path.join(nodedir.trim(), 'include', 'node', 'node.h'));
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
