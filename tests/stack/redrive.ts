import path from 'node:path';
import type { Emulator } from './emulator.ts';
import { bareEnvironment, runProgram } from './run-program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** Runs `npm run redrive` on a deployed stack, and returns what it prints. */
export async function redrive(
  stack: string,
  emulator: Emulator,
  ...options: readonly string[]
): Promise<string> {
  const env = { ...bareEnvironment(emulator.scratch), ...emulator.environment };
  const node = path.join(ROOT, 'node_modules', '.bin', 'node');
  return runProgram(node, ['cli/main.ts', 'redrive', '--stack', stack, ...options], { cwd: ROOT, env });
}
