import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Template } from './canonical-template.ts';
import { readZip } from './zip.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

/** What the deployed things are made of. */
const SOURCES = [
  'functions',
  'lib',
  'infra',
  'serverless.yml',
  'cdk.json',
  'package.json',
  'tests/infra/team-app.ts',
  'tests/infra/cluster-ca.ts',
  'tests/fixtures/certificate',
];

/** What a tool makes of the project: the template, and the text of the receiver's bundle. */
export interface Made {
  readonly template: Template;
  readonly bundle: string;
  /** What cdk-nag found and nobody acknowledged. */
  readonly findings?: readonly string[];
}

/** What CDK writes of its own checks and cdk-nag's. */
interface ValidationReport {
  readonly pluginReports: readonly { readonly violations: readonly { readonly ruleName: string }[] }[];
}

/** Runs `cdk synth`'s app and `serverless package` with these settings and nothing else: no credentials, no account, no network. */
export async function makeBoth(
  settings: Readonly<Record<string, string>>,
): Promise<{ cdk: Made; serverless: Made }> {
  const folder = copyOfProject();
  try {
    const environment = { PATH: process.env['PATH'], HOME: folder, ...settings };
    const [cdk, serverless] = await Promise.all([
      synthesize(folder, environment),
      packageServerless(folder, environment),
    ]);
    return { cdk, serverless };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs team-app.ts beside the project's sources. */
export async function synthesizeTeamApp(): Promise<Template> {
  const folder = copyOfProject();
  try {
    const output = join(folder, 'cdk.out');
    const env = { PATH: process.env['PATH'], HOME: folder, CDK_OUTDIR: output };
    await run(process.execPath, ['tests/infra/team-app.ts'], { cwd: folder, env });
    return readJson(join(output, 'Platform.template.json')) as Template;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tools write into the project; a copy keeps them from each other and from whoever works in it. */
function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-deploy-'));
  for (const source of SOURCES) cpSync(join(root, source), join(folder, source), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function synthesize(folder: string, environment: NodeJS.ProcessEnv): Promise<Made> {
  const output = join(folder, 'cdk.out');
  // The name that the other tool makes of its service and stage.
  const env = { ...environment, STACK_NAME: 'kargo-front-door-dev', CDK_OUTDIR: output };
  await run(process.execPath, ['infra/app.ts'], { cwd: folder, env });
  const template = readJson(join(output, 'KargoFrontDoor.template.json')) as Template;
  const report = readJson(join(output, 'validation-report.json')) as ValidationReport;
  return {
    template,
    bundle: readFileSync(join(folder, 'dist/lambda/receiver/functions/receiver.mjs'), 'utf8'),
    findings: report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName)),
  };
}

async function packageServerless(folder: string, environment: NodeJS.ProcessEnv): Promise<Made> {
  const output = join(folder, 'package');
  const program = createRequire(join(root, 'package.json')).resolve('serverless/bin/serverless.js');
  const env = { ...environment, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' };
  await run(process.execPath, [program, 'package', '--package', output], { cwd: folder, env });
  const bundle = readZip(readFileSync(join(output, 'receiver.zip'))).get('functions/receiver.mjs');
  return {
    template: readJson(join(output, 'cloudformation-template-update-stack.json')) as Template,
    bundle: bundle?.toString('utf8') ?? '',
  };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
