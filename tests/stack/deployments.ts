import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { StackTemplate } from '../../infra/removals.ts';
import type { FunctionName } from '../../lib/functions.ts';
import type { Account } from './account.ts';
import type { Emulator } from './emulator.ts';
import { bareEnvironment, runProgram } from './run-program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** The sources of a deployment. */
const SOURCES = ['functions', 'lib', 'infra', 'serverless.yml', 'cdk.json', 'package.json', 'tsconfig.json'];

/** Settings of a deployment (docs/settings.md). */
type Settings = Readonly<Record<string, string>>;

/** A package that one of the tools has made of the project, with its settings. */
export interface Packaged {
  readonly tool: Tool;
  /** A copy of the project, with its configuration file: the tools write into it. */
  readonly folder: string;
}

/** The commands of the quickstarts. */
interface Commands {
  readonly program: 'cdk' | 'serverless';
  /** Of the tool itself. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the deployment, where nothing else is set. */
  readonly settings: Settings;
  readonly package: readonly string[];
  /** The template in the package. */
  readonly template: string;
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
    environment: {},
    settings: { STACK_NAME: DEPLOYED_NAMES.cdk },
    package: ['synth', '--quiet', '--output', CDK_OUTPUT],
    template: `${CDK_OUTPUT}/KargoFrontDoor.template.json`,
    deploy: ['deploy', '--app', CDK_OUTPUT, '--require-approval', 'never'],
    remove: ['destroy', '--app', CDK_OUTPUT, '--force'],
  },
  serverless: {
    program: 'serverless',
    environment: { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    settings: {},
    package: ['package', '--package', 'package'],
    template: 'package/cloudformation-template-update-stack.json',
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
  const packaged = { tool, folder: copyProject(scratch, tool) };
  configure(packaged, settings);
  await runTool(packaged, COMMANDS[tool].package);
  return packaged;
}

/** Copies the project into a folder of its own inside `scratch`, and returns that. */
export function copyProject(scratch: string, name: string): string {
  const folder = mkdtempSync(path.join(scratch, `${name}-`));
  for (const source of SOURCES)
    cpSync(path.join(ROOT, source), path.join(folder, source), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

/** Writes the configuration file of a copy. */
export function configure({ tool, folder }: Packaged, settings: Settings): void {
  // JSON is YAML.
  const text = JSON.stringify({ ...COMMANDS[tool].settings, ...settings });
  writeFileSync(path.join(folder, 'front-door.yaml'), text);
}

/** Prepares the account for the tool, which is done once. */
export async function prepareFor(packaged: Packaged, { emulator, account }: AccountAt): Promise<void> {
  if (packaged.tool !== 'cdk') return;
  await runTool(packaged, ['bootstrap', 'aws://000000000000/us-east-1', '--app', CDK_OUTPUT], emulator);
  await account.allowPlainHttp('cdk-hnb659fds-assets-000000000000-us-east-1');
}

/** Packages once more, and returns the template. */
export async function planTemplate(packaged: Packaged): Promise<StackTemplate> {
  await runTool(packaged, COMMANDS[packaged.tool].package);
  return readTemplate(packaged);
}

/** Reads the template of a package. */
export function readTemplate({ tool, folder }: Packaged): StackTemplate {
  return JSON.parse(readFileSync(path.join(folder, COMMANDS[tool].template), 'utf8')) as StackTemplate;
}

/** Deploys a package. */
export async function deploy(packaged: Packaged, emulator: Emulator): Promise<void> {
  await runTool(packaged, COMMANDS[packaged.tool].deploy, emulator);
}

/** Deletes a deployment. */
export async function remove(packaged: Packaged, emulator: Emulator): Promise<void> {
  await runTool(packaged, COMMANDS[packaged.tool].remove, emulator);
}

/**
 * Runs the tool from a shell that has nothing set but credentials and region.
 *
 * @returns what it printed
 * @throws {Error} with what it printed, where it fails
 */
export async function runTool(
  { tool, folder }: Packaged,
  parameters: readonly string[],
  emulator?: Emulator,
  exported: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { program, environment } = COMMANDS[tool];
  const env = { ...bareEnvironment(folder), ...emulator?.environment, ...environment, ...exported };
  return runProgram(path.join(ROOT, 'node_modules', '.bin', program), parameters, { cwd: folder, env });
}

/** Returns the folder of a function's code in a package of CDK. */
export function codeOf({ folder }: Packaged, functionName: FunctionName): string {
  const output = path.join(folder, CDK_OUTPUT);
  const file = path.join('functions', `${functionName}.mjs`);
  const found = readdirSync(output).find((name) => existsSync(path.join(output, name, file)));
  if (found === undefined) throw new Error(`there is no ${file} in ${output}`);
  return path.join(output, found);
}
