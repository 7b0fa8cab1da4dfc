import { beforeAll, describe, expect, test } from '@jest/globals';
import { build, type Metafile } from 'esbuild';
import { buildOptionsOf } from '../../../infra/bundles/bundle.ts';
import { arrangeChunks, listChunks } from '../../../infra/bundles/arrange-chunks.ts';
import type { FunctionName } from '../../../lib/functions.ts';

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

interface Libraries {
  /** Every cold start loads them: docs/decisions/0022-what-a-cold-start-loads.md. */
  readonly atStart: readonly string[];
  /** Loaded by the first event that needs them. */
  readonly later: readonly string[];
}

const LIBRARIES: Readonly<Record<FunctionName, Libraries>> = {
  receiver: {
    atStart: [...EVERY_FUNCTION, '@middy/http-header-normalizer'],
    later: ['@aws-sdk/client-sqs', 're2js'],
  },
  reconciler: { atStart: [...EVERY_FUNCTION, '@aws-sdk/client-apigatewayv2'], later: [] },
  redelivery: {
    atStart: [...EVERY_FUNCTION, '@aws-sdk/client-sqs', '@middy/sqs-partial-batch-failure'],
    later: ['re2js'],
  },
  registrar: { atStart: EVERY_FUNCTION, later: [] },
};

/** What the clients of the AWS SDK have in common. */
const AWS_SDK = /^(@aws\/|@aws-crypto\/|@aws-sdk\/(?!client-)|@smithy\/|tslib$)/;

/** Bundles a function without its documents: document-packages.test.ts. */
async function bundle(name: FunctionName): Promise<Metafile> {
  const { metafile } = await build({
    ...buildOptionsOf(name),
    plugins: [arrangeChunks()],
    sourcemap: false,
    write: false,
    metafile: true,
  });
  return metafile;
}

/** Lists the source files of which chunks have code. */
function sourcesOf({ outputs }: Metafile, chunks: Iterable<string>): string[] {
  const inputs = [...chunks].flatMap((path) => Object.entries(outputs[path]!.inputs));
  return inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
}

function librariesOf(files: readonly string[]): Set<string> {
  const names = files.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return new Set(names.filter((library) => !AWS_SDK.test(library)));
}

describe.each(Object.entries(LIBRARIES))('the bundle of the %s', (name, { atStart, later }) => {
  let made: Metafile;
  /** What is loaded at the start. */
  let started: string[];
  let all: string[];

  beforeAll(async () => {
    made = await bundle(name as FunctionName);
    started = sourcesOf(made, listChunks(made, `functions/${name}.ts`, 'at the start'));
    all = sourcesOf(made, Object.keys(made.outputs));
  });

  test('loads the libraries at the start that every event needs, and no other', () => {
    expect([...librariesOf(started)].toSorted()).toEqual(atStart.toSorted());
  });

  test('holds the libraries besides that few events need, and no other', () => {
    const loaded = librariesOf(started);
    const others = [...librariesOf(all)].filter((library) => !loaded.has(library));
    expect(others.toSorted()).toEqual(later.toSorted());
  });

  test('holds the parts of undici that send requests', () => {
    expect(all).toContain('node_modules/undici/lib/dispatcher/agent.js');
    expect(all).not.toContain('node_modules/undici/index.js');
    expect(all.filter((path) => /\/undici\/.*\/(cache|interceptor|mock|websocket)\//.test(path))).toEqual([]);
  });

  test('has Node load no copy of undici', () => {
    const imports = Object.values(made.outputs).flatMap((chunk) => chunk.imports.map(({ path }) => path));
    expect(imports).toContain('node:https');
    expect(imports.filter((path) => path === 'node:http' || path === 'http')).toEqual([]);
  });
});
