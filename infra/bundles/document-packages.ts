import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, PluginBuild } from 'esbuild';
import { bundleNameOf } from './arrange-chunks.ts';
import { findLicenceFaults, listBundledPackages, writeNotices } from './bundled-packages.ts';

/** Ends of the names of the files beside a bundle `<name>.mjs`. */
const SBOM_ENDING = '.cdx.json';
const NOTICES_ENDING = '.THIRD_PARTY_LICENSES.txt';

/**
 * Makes a plugin of esbuild that puts beside the bundle of one entry point what is in it: an SBOM in CycloneDX's form, and the licences and
 * notices of its packages. Both follow from what esbuild has bundled, not from what is installed. The build fails where a licence is not
 * allowed.
 */
export function documentPackages(): Plugin {
  return {
    name: 'document-packages',
    setup: async (build) => {
      const { name, folder, workingFolder } = placeOf(build);
      // Loaded here, because `npm start` makes no documents and need not wait for it.
      const { cyclonedxEsbuildPlugin } = await import('@cyclonedx/cyclonedx-esbuild');
      const sbom = cyclonedxEsbuildPlugin({
        outputFile: `${name}${SBOM_ENDING}`,
        // The same code must make the same package: a package that differs is deployed again.
        outputReproducible: true,
        validate: false,
        logLevel: 'silent',
      });
      await sbom.setup(build);
      build.onEnd(async ({ metafile }) => {
        if (metafile === undefined) return undefined;
        const packages = listBundledPackages(metafile, workingFolder);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${name}${NOTICES_ENDING}`), await writeNotices(packages, standardText));
        return { errors: findLicenceFaults(packages).map((text) => ({ text })) };
      });
    },
  };
}

interface Place {
  /** The bundle's file name without ending. */
  readonly name: string;
  /** The folder of the bundle. */
  readonly folder: string;
  readonly workingFolder: string;
}

function placeOf({ initialOptions }: PluginBuild): Place {
  const { outdir, absWorkingDir = process.cwd() } = initialOptions;
  if (outdir === undefined) throw new Error('documentPackages needs the folder of the bundle');
  return { name: bundleNameOf(initialOptions), folder: outdir, workingFolder: absWorkingDir };
}

/** Returns SPDX's text of a licence, with the author in the place that the text has for the copyright. */
async function standardText(licence: string, author: string): Promise<string> {
  const { default: licences } = await import('spdx-license-list/full.js');
  const { licenseText = '' } = licences[licence] ?? {};
  return licenseText.replace('<year> <copyright holders>', author).trim();
}
