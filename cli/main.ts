#!/usr/bin/env node
import { LocalError } from '../local/local-settings.ts';

/** The commands of `kargo-front-door`, each with the exit status that it returns. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  doctor: async (args) => (await import('./doctor.ts')).doctor(args),
  redrive: async (args) => (await import('./redrive.ts')).redrive(args),
};

/** An invalid command line or setting. */
const USAGE_STATUS = 2;

/** The runtime of the functions is newer. In a clone, the scripts of npm bring their own. */
const MIN_NODE_MAJOR = 22;

if (Number.parseInt(process.versions.node, 10) < MIN_NODE_MAJOR) {
  console.error(
    `kargo-front-door needs Node.js ${MIN_NODE_MAJOR} or later; this is ${process.versions.node}.`,
  );
  process.exit(USAGE_STATUS);
}

const [, , name = '', ...args] = process.argv;
const command = COMMANDS[name];
if (command === undefined) {
  console.error(`usage: kargo-front-door ${Object.keys(COMMANDS).join('|')} [options]`);
  process.exit(USAGE_STATUS);
}
try {
  process.exit(await command(args));
} catch (error) {
  if (!(error instanceof LocalError)) throw error;
  console.error(error.message);
  process.exit(USAGE_STATUS);
}
