import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** npm and cdk write more than execFile's default. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Returns an environment with a `PATH` only; Node is the one that runs the tests. */
export function bareEnvironment(home: string): NodeJS.ProcessEnv {
  const { PATH = '' } = process.env;
  return { PATH: [path.dirname(process.execPath), PATH].join(path.delimiter), HOME: home, TMPDIR: home };
}

/**
 * Runs a program and returns its stdout.
 *
 * @throws {Error} with its whole output where it fails
 */
export async function runProgram(
  program: string,
  parameters: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...parameters], { ...options, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${path.basename(program)} ${parameters.join(' ')} failed:\n${stdout}\n${stderr}`, {
      cause,
    });
  }
}
