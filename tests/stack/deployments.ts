import { cpSync, existsSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { FunctionName } from '../../lib/functions.ts';
import type { Account } from './account.ts';
import type { Emulator } from './emulator.ts';
import { bareEnvironment, runProgram } from './run-program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** The sources of a deployment. */
const SOURCES = ['functions', 'lib', 'infra', 'serverless.yml', 'cdk.json', 'package.json'];

/** Settings of a deployment (docs/settings.md). */
type Settings = Readonly<Record<string, string>>;

/** A package that one of the tools has made of the project, with its settings. */
export interface Packaged {
  readonly tool: Tool;
  /** A copy of the project: the tools write into it. */
  readonly folder: string;
  readonly settings: Settings;
}

/** The commands of the quickstarts. */
interface Commands {
  readonly program: 'cdk' | 'serverless';
  readonly settings: Settings;
  readonly package: readonly string[];
  readonly deploy: readonly string[];
  readonly remove: readonly string[];
}

/** The folder of a package's templates and code. */
const CDK_OUTPUT = 'cdk.out';

/** The names of the deployments, with which those of functions, log groups and API begin. */
export const DEPLOYED_NAMES = { cdk: 'kargo-front-door-cdk', serverless: 'kargo-front-door-dev' } as const;

const COMMANDS = {
  cdk: {
    program: 'cdk',
    settings: { STACK_NAME: DEPLOYED_NAMES.cdk },
    package: ['synth', '--quiet', '--output', CDK_OUTPUT],
    deploy: ['deploy', '--app', CDK_OUTPUT, '--require-approval', 'never'],
    remove: ['destroy', '--app', CDK_OUTPUT, '--force'],
  },
  serverless: {
    program: 'serverless',
    settings: { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    package: ['package', '--package', 'package'],
    deploy: ['deploy', '--package', 'package'],
    remove: ['remove'],
  },
} as const satisfies Record<string, Commands>;

export type Tool = keyof typeof COMMANDS;

export const TOOLS = Object.keys(COMMANDS) as Tool[];

interface AccountAt {
  readonly emulator: Emulator;
  readonly account: Account;
}

/** Runs `cdk synth` or `serverless package` with no credentials, in a copy of the project inside `scratch`. */
export async function packageWith(tool: Tool, scratch: string, settings: Settings): Promise<Packaged> {
  const folder = mkdtempSync(path.join(scratch, `${tool}-`));
  for (const source of SOURCES)
    cpSync(path.join(ROOT, source), path.join(folder, source), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  const packaged = { tool, folder, settings };
  await runTool(packaged, COMMANDS[tool].package);
  return packaged;
}

/** Prepares the account for the tool, which is done once. */
export async function prepareFor(packaged: Packaged, { emulator, account }: AccountAt): Promise<void> {
  if (packaged.tool !== 'cdk') return;
  await runTool(packaged, ['bootstrap', 'aws://000000000000/us-east-1', '--app', CDK_OUTPUT], emulator);
  await account.allowPlainHttp('cdk-hnb659fds-assets-000000000000-us-east-1');
}

/** Deploys a package. */
export async function deploy(packaged: Packaged, emulator: Emulator): Promise<void> {
  await runTool(packaged, COMMANDS[packaged.tool].deploy, emulator);
}

/** Deletes a deployment. */
export async function remove(packaged: Packaged, emulator: Emulator): Promise<void> {
  await runTool(packaged, COMMANDS[packaged.tool].remove, emulator);
}

async function runTool(
  { tool, folder, settings }: Packaged,
  parameters: readonly string[],
  emulator?: Emulator,
): Promise<void> {
  const { program, settings: own } = COMMANDS[tool];
  const env = { ...bareEnvironment(folder), ...emulator?.environment, ...own, ...settings };
  await runProgram(path.join(ROOT, 'node_modules', '.bin', program), parameters, { cwd: folder, env });
}

/** Returns the folder of a function's code in a package of CDK. */
export function codeOf({ folder }: Packaged, functionName: FunctionName): string {
  const output = path.join(folder, CDK_OUTPUT);
  const file = path.join('functions', `${functionName}.mjs`);
  const found = readdirSync(output).find((name) => existsSync(path.join(output, name, file)));
  if (found === undefined) throw new Error(`there is no ${file} in ${output}`);
  return path.join(output, found);
}
