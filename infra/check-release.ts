import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTION_NAMES } from '../lib/functions.ts';
import { PACKAGE_ROOT } from './package-paths.ts';

/** Checks what a release must hold: `npm run release:check`. Ends with code 1 and a line for each fault. */
const read = (name: string): string => readFileSync(join(PACKAGE_ROOT, name), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };
const lock = JSON.parse(read('package-lock.json')) as { version: string };
const [, released] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? [];
const packed = new Set(packedFiles());
const needed = [
  'LICENSE',
  'README.md',
  'dist/infra/front-door.js',
  'dist/infra/front-door.d.ts',
  'infra/rbac/receiver.yaml',
  'infra/rbac/reconciler.yaml',
  ...FUNCTION_NAMES.flatMap((name) =>
    ['mjs', 'cdx.json', 'THIRD_PARTY_LICENSES.txt'].map(
      (ending) => `dist/lambda/${name}/functions/${name}.${ending}`,
    ),
  ),
];

const faults = [
  ...(released === version
    ? []
    : [`CHANGELOG.md begins with ${released}, and package.json has ${version}: change both together`]),
  ...(lock.version === version ? [] : [`package-lock.json has ${lock.version}: run npm install`]),
  ...needed.filter((file) => !packed.has(file)).map((file) => `the package lacks ${file}`),
];
for (const fault of faults) console.error(`✗ ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(
  `✓ ${version}: ${packed.size} files, with an SBOM and licences for each of ${FUNCTION_NAMES.length} functions`,
);

/** Builds the package as npm would publish it, and lists its files. */
function packedFiles(): string[] {
  const options = { cwd: PACKAGE_ROOT, encoding: 'utf8' } as const;
  execFileSync('npm', ['run', '--silent', 'build'], options);
  const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options);
  const [made] = JSON.parse(listed) as [{ readonly files: readonly { readonly path: string }[] }];
  return made.files.map(({ path }) => path);
}
