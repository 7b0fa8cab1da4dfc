import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Metafile } from 'esbuild';

/**
 * Licences that ask for nothing but their own text, in SPDX's names. A further one is a decision: what does it ask of a team that deploys
 * the functions?
 */
const ALLOWED_LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
];

const PACKAGE_FOLDER = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENCE_FILE = /^(?:licen[cs]e|notice|copying)(?:[.-]|$)/i;

/** A package of which a bundle contains code. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX's name of its licence; undefined where it states none. */
  readonly licence: string | undefined;
  readonly author: string;
  /** Its licence and notice files; empty where it has none. */
  readonly texts: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
  readonly author?: string | { readonly name?: string };
}

/** Lists the packages of which a bundle contains code, by name. */
export function listBundledPackages({ outputs }: Metafile, workingFolder: string): BundledPackage[] {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([path]) => PACKAGE_FOLDER.exec(path)?.[0] ?? []);
  return [...new Set(folders)]
    .map((folder) => readPackage(resolve(workingFolder, folder)))
    .toSorted((one, other) => compare(nameOf(one), nameOf(other)));
}

/** Finds the packages whose licence is not allowed. Returns a message for each. */
export function findLicenceFaults(packages: readonly BundledPackage[]): string[] {
  return packages
    .filter(({ licence }) => licence === undefined || !ALLOWED_LICENCES.includes(licence))
    .map(
      (one) =>
        `${nameOf(one)} has the licence ${one.licence ?? '(none)'}, which is not allowed in a bundle. Replace the package, or add the ` +
        'licence to infra/bundles/bundled-packages.ts.',
    );
}

/**
 * Writes the licences and notices of these packages as one text. Packages with the same text share it.
 *
 * @param standardText - returns the text of a licence for a package that has no file of its own
 */
export async function writeNotices(
  packages: readonly BundledPackage[],
  standardText: (licence: string, author: string) => Promise<string>,
): Promise<string> {
  const namesByText = new Map<string, string[]>();
  for (const one of packages) {
    const texts = one.texts.length > 0 ? one.texts : [await standardText(one.licence ?? '', one.author)];
    for (const text of texts) {
      const names = namesByText.get(text) ?? [];
      namesByText.set(text, [...names, `${nameOf(one)} (${one.licence})`]);
    }
  }
  const line = '-'.repeat(80);
  const sections = Array.from(namesByText, ([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `This bundle contains code of the following packages.\n\n${sections.map((one) => `${line}\n${one}`).join('\n')}`;
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license, author } = JSON.parse(
    readFileSync(resolve(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  return {
    name,
    version,
    licence: typeof license === 'string' ? license : undefined,
    author: (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`,
    texts: readdirSync(folder)
      .filter((file) => LICENCE_FILE.test(file))
      .toSorted()
      .map((file) => readFileSync(resolve(folder, file), 'utf8').trim()),
  };
}

function nameOf({ name, version }: BundledPackage): string {
  return `${name}@${version}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : 1;
}
