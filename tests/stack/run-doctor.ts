import { execFile } from 'node:child_process';
import path from 'node:path';
import type { Emulator } from './emulator.ts';
import { bareEnvironment } from './run-program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** A row of doctor's JSON. */
interface DoctorRow {
  readonly check: string;
  readonly state: string;
  readonly problems?: readonly { readonly fact: string }[];
}

/** Runs doctor on a deployment as somebody who owns the account. Returns its rows by their names: the state, or the facts that are wrong. */
export async function runDoctor(
  stack: string,
  { environment, scratch }: Emulator,
): Promise<Record<string, string | string[]>> {
  const env = { ...bareEnvironment(scratch), ...environment };
  const output = await new Promise<string>((resolve) => {
    // It ends with an exit status of its own where something is wrong.
    execFile(
      process.execPath,
      ['cli/main.ts', 'doctor', '--stack', stack, '--json'],
      { cwd: ROOT, env },
      (_error, stdout, stderr) => resolve(stdout || stderr),
    );
  });
  const rows = JSON.parse(output) as DoctorRow[];
  return Object.fromEntries(
    rows.map(({ check, state, problems }) => [check, problems?.map(({ fact }) => fact) ?? state]),
  );
}
