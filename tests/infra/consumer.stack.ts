import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram } from '../stack/run-program.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** npm installs every dependency, those for a build as well where the package comes from git. */
const TIMEOUT_MS = 900_000;

const PROGRAM = `import { App, Stack } from 'aws-cdk-lib';
import {
  DeploymentError,
  KargoFrontDoor,
  type BitbucketProps,
  type ClusterProp,
  type CustomDomainProps,
  type EksClusterConstruct,
  type FunctionName,
  type KargoFrontDoorProps,
  type RegistryProps,
} from 'kargo-front-door';

const stack = new Stack(new App({ outdir: 'cdk.out' }), 'Platform');
const cluster: Exclude<ClusterProp, EksClusterConstruct> = { kubeconfigSecret: 'ops/kubeconfig' };
const registry: RegistryProps = { url: 'https://packages.example.com' };
const bitbucket: BitbucketProps = { credentialsSecret: 'ops/bitbucket' };
const domain: CustomDomainProps | undefined = undefined;
const props: KargoFrontDoorProps = { cluster, registry, bitbucket, domain, canary: '10percent5minutes' };
const frontDoor = new KargoFrontDoor(stack, 'FrontDoor', props);
const name: FunctionName = 'receiver';
const texts: (string | undefined)[] = [
  frontDoor.api.apiId,
  frontDoor.stage.stageName,
  frontDoor.dashboard.dashboardName,
  frontDoor.roles.get(name)?.roleArn,
  frontDoor.receiverAlias?.aliasName,
];
if (texts.includes(undefined)) throw new Error('a part is missing');
try {
  new KargoFrontDoor(stack, 'Faulty', { memorySize: 64 });
} catch (error) {
  if (!(error instanceof DeploymentError)) throw error;
  console.log(error.faults.join());
}
`;

const TSCONFIG = {
  compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', types: ['node'] },
  include: ['app.ts'],
};

let scratch: string;
let repository: string;
const run = (cwd: string, program: string, ...parameters: string[]): Promise<string> =>
  runProgram(program, parameters, { cwd, env: environment() });

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'kargo-front-door-consumer-'));
  repository = path.join(scratch, 'repository');
  mkdirSync(repository);
  const files = await run(ROOT, 'git', 'ls-files', '--cached', '--others', '--exclude-standard');
  for (const file of files
    .trim()
    .split('\n')
    .filter((name) => existsSync(path.join(ROOT, name))))
    cpSync(path.join(ROOT, file), path.join(repository, file));
  await run(repository, 'git', 'init', '--quiet');
  await run(repository, 'git', 'add', '--all');
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  await run(repository, 'git', ...author, 'commit', '--quiet', '--message', 'All');
}, TIMEOUT_MS);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const SOURCES = {
  'a tarball': async () => {
    const link = path.join(repository, 'node_modules');
    symlinkSync(path.join(ROOT, 'node_modules'), link);
    await run(repository, 'npm', 'pack', '--pack-destination', scratch);
    rmSync(link);
    return `file:${path.join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '')}`;
  },
  'a git address': () => Promise.resolve(`git+file://${repository}`),
};

describe.each(Object.entries(SOURCES))('installed from %s into an app of its own', (_what, addressOf) => {
  let app: string;

  beforeAll(async () => {
    app = mkdtempSync(path.join(scratch, 'app-'));
    const { devDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const versionsOf = (...names: string[]) =>
      Object.fromEntries(names.map((name) => [name, devDependencies[name]]));
    const manifest = {
      type: 'module',
      dependencies: {
        'kargo-front-door': await addressOf(),
        ...versionsOf('aws-cdk-lib', 'constructs', '@types/node'),
      },
    };
    writeFileSync(path.join(app, 'package.json'), JSON.stringify(manifest));
    writeFileSync(path.join(app, 'app.ts'), PROGRAM);
    writeFileSync(path.join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await run(app, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
  }, TIMEOUT_MS);

  test(
    'it type-checks',
    async () => {
      expect(await run(app, path.join(ROOT, 'node_modules', '.bin', 'tsc'))).toBe('');
    },
    TIMEOUT_MS,
  );

  test(
    'it synthesizes, with the bundles and the errors of the package',
    async () => {
      expect(await run(app, process.execPath, 'app.ts')).toBe(
        'memorySize must be a whole number from 128 to 10240\n',
      );
      const installed = path.join(app, 'node_modules', 'kargo-front-door');
      const bundle = path.join(installed, 'dist/lambda/receiver/functions/receiver.mjs');
      const program = `process.env.RECEIVER_BASE_URL = 'https://hooks.example.com'; process.env.KUBECONFIG = '/dev/null';
        console.log(typeof (await import(${JSON.stringify(bundle)})).handler); process.exit();`;
      expect(await run(app, process.execPath, '--input-type=module', '--eval', program)).toBe('function\n');
      expect(readdirSync(path.join(installed, 'infra/rbac'))).toContain('receiver.yaml');
      expect(existsSync(path.join(installed, 'tests'))).toBe(false);
    },
    TIMEOUT_MS,
  );
});

/** The user's own, with the cache of npm, and the Node that runs the tests. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _ofJest, PATH = '', ...others } = process.env;
  const own = Object.fromEntries(Object.entries(others).filter(([name]) => !/^npm_(?!config_)/.test(name)));
  return { ...own, PATH: [path.dirname(process.execPath), PATH].join(path.delimiter) };
}
