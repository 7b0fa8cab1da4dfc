import { beforeAll, describe, expect, test } from '@jest/globals';
import { build, type Metafile } from 'esbuild';
import { buildOptionsOf } from '../../../infra/bundles/bundle.ts';
import { FUNCTION_NAMES, type FunctionName } from '../../../lib/functions.ts';

const EVERY_FUNCTION = [
  '@aws-lambda-powertools/commons',
  '@aws-lambda-powertools/logger',
  '@aws-lambda-powertools/metrics',
  '@aws-sdk/client-secrets-manager',
  '@middy/core',
  'js-yaml',
  'p-limit',
  'undici',
  'valibot',
  'yocto-queue',
];

/** The libraries of each bundle. Every cold start loads them: docs/decisions/0022-what-a-cold-start-loads.md. */
const LIBRARIES: Readonly<Record<FunctionName, readonly string[]>> = {
  receiver: [...EVERY_FUNCTION, '@aws-sdk/client-sqs', '@middy/http-header-normalizer', 're2js'],
  reconciler: [...EVERY_FUNCTION, '@aws-sdk/client-apigatewayv2'],
  redelivery: [...EVERY_FUNCTION, '@aws-sdk/client-sqs', '@middy/sqs-partial-batch-failure', 're2js'],
  registrar: EVERY_FUNCTION,
};

/** What the clients of the AWS SDK have in common. */
const AWS_SDK = /^(@aws\/|@aws-crypto\/|@aws-sdk\/(?!client-)|@smithy\/|tslib$)/;

let outputs: Metafile['outputs'];

beforeAll(async () => {
  const { outfile: _outfile, ...options } = buildOptionsOf('receiver');
  const { metafile } = await build({
    ...options,
    // All in one go, which reads each library once. Their documents are made for one bundle at a time: document-packages.test.ts.
    entryPoints: FUNCTION_NAMES.map((name) => `functions/${name}.ts`),
    outdir: 'dist',
    plugins: [],
    sourcemap: false,
    write: false,
    metafile: true,
  });
  outputs = metafile.outputs;
});

describe.each(Object.entries(LIBRARIES))('the bundle of the %s', (name, libraries) => {
  let output: Metafile['outputs'][string];
  /** The files of which it has code. */
  let paths: string[];

  beforeAll(() => {
    output = Object.values(outputs).find(({ entryPoint }) => entryPoint === `functions/${name}.ts`)!;
    paths = Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    );
  });

  test('holds the libraries that the function uses, and no other', () => {
    const names = paths.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    const used = new Set(names.filter((library) => !AWS_SDK.test(library)));
    expect([...used].toSorted()).toEqual(libraries.toSorted());
  });

  test('holds the parts of undici that send requests', () => {
    expect(paths).toContain('node_modules/undici/lib/dispatcher/agent.js');
    expect(paths).not.toContain('node_modules/undici/index.js');
    expect(paths.filter((path) => /\/undici\/.*\/(cache|interceptor|mock|websocket)\//.test(path))).toEqual(
      [],
    );
  });

  test('has Node load no copy of undici', () => {
    const imported = output.imports.map(({ path }) => path);
    expect(imported).toContain('node:https');
    expect(imported.filter((path) => path === 'node:http' || path === 'http')).toEqual([]);
  });
});
