import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { arrangeChunks } from '../../../infra/bundles/arrange-chunks.ts';
import { documentPackages } from '../../../infra/bundles/document-packages.ts';

interface Package {
  readonly license?: unknown;
  readonly author?: unknown;
  /** Contents by file name. */
  readonly files?: Readonly<Record<string, string>>;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'front-door-packages-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a function that uses these packages, all but the first one later; and not another one that is installed. */
async function bundle(packages: Readonly<Record<string, Package>>): Promise<(file: string) => string> {
  const installed: Readonly<Record<string, Package>> = { ...packages, unused: { license: 'GPL-3.0' } };
  for (const [name, { license, author, files = {} }] of Object.entries(installed)) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), JSON.stringify({ name, version: '1.2.3', license, author }));
    writeFileSync(join(place, 'index.js'), `export const value = '${name}';`);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(place, file), text);
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'service', version: '1.0.0' }));
  const [first, ...others] = Object.keys(packages);
  const uses = others.map((name) => `export const load${name.length} = () => import('${name}');`);
  writeFileSync(
    join(folder, 'receiver.ts'),
    [`export * from '${first}';`, ...uses, "const leftOut = () => import('unused');"].join('\n'),
  );
  await build({
    absWorkingDir: folder,
    entryPoints: ['receiver.ts'],
    outdir: join(folder, 'out'),
    bundle: true,
    splitting: true,
    format: 'esm',
    logLevel: 'silent',
    plugins: [arrangeChunks(), documentPackages()],
  });
  return (file) => readFileSync(join(folder, 'out', file), 'utf8');
}

test('an SBOM names each package in the bundle and its chunks, and none that is only installed', async () => {
  const read = await bundle({ one: { license: 'MIT' }, '@scope/two': { license: 'Apache-2.0' } });
  const sbom = JSON.parse(read('receiver.cdx.json')) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly metadata: { readonly component: { readonly name: string } };
    readonly components: readonly { readonly purl: string; readonly licenses: readonly object[] }[];
  };
  expect([sbom.bomFormat, sbom.specVersion, sbom.metadata.component.name]).toEqual([
    'CycloneDX',
    '1.6',
    'service',
  ]);
  expect(sbom.components.map(({ purl, licenses }) => [purl, licenses])).toEqual([
    ['pkg:npm/%40scope/two@1.2.3', [{ license: { id: 'Apache-2.0', acknowledgement: 'declared' } }]],
    ['pkg:npm/one@1.2.3', [{ license: { id: 'MIT', acknowledgement: 'declared' } }]],
  ]);
});

test('an SBOM is the same after the next build', async () => {
  const packages = { one: { license: 'MIT' }, '@scope/two': { license: 'ISC' } };
  const first = (await bundle(packages))('receiver.cdx.json');
  expect((await bundle(packages))('receiver.cdx.json')).toBe(first);
});

test('the notices hold each licence text once, with the packages that it is of', async () => {
  const shared = 'Copyright of both\n';
  const read = await bundle({
    one: { license: 'MIT', files: { LICENSE: shared, NOTICE: 'Made by one', 'README.md': 'read me' } },
    '@scope/two': { license: 'ISC', files: { 'license.md': shared } },
  });
  expect(read('receiver.THIRD_PARTY_LICENSES.txt').split(/-{80}\n/)).toEqual([
    'This bundle contains code of the following packages.\n\n',
    '@scope/two@1.2.3 (ISC)\none@1.2.3 (MIT)\n\nCopyright of both\n\n',
    'one@1.2.3 (MIT)\n\nMade by one\n',
  ]);
});

test('the notices hold the standard text, with the author, for a package that has no file of its own', async () => {
  const read = await bundle({ one: { license: 'MIT', author: { name: 'Ada' } } });
  const notices = read('receiver.THIRD_PARTY_LICENSES.txt');
  expect(notices).toContain('one@1.2.3 (MIT)\n\nMIT License\n\nCopyright (c) Ada\n');
  expect(notices).toContain('THE SOFTWARE IS PROVIDED "AS IS"');
});

test.each<[what: string, license: unknown, named: string]>([
  ['a licence that asks for more', 'GPL-3.0', 'GPL-3.0'],
  ['a choice of licences', '(MIT OR GPL-3.0)', '(MIT OR GPL-3.0)'],
  ['no licence', undefined, '(none)'],
])('%s ends the build', async (_what, license, named) => {
  await expect(bundle({ one: { license, files: { LICENSE: 'text' } } })).rejects.toThrow(
    `one@1.2.3 has the licence ${named}, which is not allowed in a bundle.`,
  );
});
