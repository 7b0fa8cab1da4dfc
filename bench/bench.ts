import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { PACKAGE_ROOT } from '../infra/package-paths.ts';
import { measureOnCluster, type DeliveryResult } from './cluster-measurements.ts';
import { measureColdStarts } from './cold-start.ts';
import { drawPlot, type Series } from './plot.ts';
import { readSizes } from './sizes.ts';
import { describeColdStarts, describeResults } from './tables.ts';

// npm run bench [-- --docs | --cold-start]: --docs writes the results into the documentation too, --cold-start measures imports only.

/** Results of the last run. */
const OUTPUT = join(PACKAGE_ROOT, '.bench');
const DOCS = join(PACKAGE_ROOT, 'docs');

/** The part of docs/benchmarks.md that is written here. */
const RESULTS = /(?<=<!-- results -->\n).*(?=<!-- end of results -->)/s;

const { values: options } = parseArgs({
  options: {
    docs: { type: 'boolean', default: false },
    'cold-start': { type: 'boolean', default: false },
  },
});
const sizes = readSizes(process.env);
const start = performance.now();
const progress = (message: string): void =>
  console.log(`${((performance.now() - start) / 1000).toFixed(0).padStart(4)} s  ${message}`);

progress(`importing bundles; ${availableParallelism()} cores in all`);
const coldStarts = await measureColdStarts(sizes.coldStarts);
if (options['cold-start']) console.log(`\n${describeColdStarts(coldStarts)}`);
else await measureAll();

async function measureAll(): Promise<void> {
  const cluster = await measureOnCluster(sizes, progress);
  const results = describeResults(cluster, coldStarts);
  const plot = plotOf(cluster.deliveries);
  mkdirSync(OUTPUT, { recursive: true });
  writeFileSync(join(OUTPUT, 'results.json'), JSON.stringify({ cluster, coldStarts }, undefined, 2));
  writeFileSync(join(OUTPUT, 'results.md'), `${results}\n`);
  writeFileSync(join(OUTPUT, 'benchmarks.svg'), plot);
  if (options.docs) await writeDocs(results, plot);
  console.log(`\n${results}`);
  progress(`ended; the plot is ${join(OUTPUT, 'benchmarks.svg')}`);
}

async function writeDocs(results: string, plot: string): Promise<void> {
  const page = join(DOCS, 'benchmarks.md');
  const content = readFileSync(page, 'utf8').replace(RESULTS, () => `\n${results}\n\n`);
  writeFileSync(page, await format(content, { ...(await resolveConfig(page)), parser: 'markdown' }));
  writeFileSync(join(DOCS, 'benchmarks.svg'), plot);
}

/** Draws the cost of one refresh against the number of Warehouses. */
function plotOf(deliveries: readonly DeliveryResult[]): string {
  const colors = ['#0b6e4f', '#2b59c3'];
  const series = ['index', 'listing'].flatMap((lookup) =>
    ['a project', 'the ClusterConfig'].map((receiver, index): Series => {
      const rows = deliveries.filter(
        ({ what, ...result }) => result.lookup === lookup && what === `push to a receiver of ${receiver}`,
      );
      return {
        name: `${receiver}, ${lookup}`,
        color: colors[index]!,
        isDashed: lookup === 'listing',
        points: rows.map(({ count, report }) => [count, report.rest.p50Ms / report.patch!.p50Ms]),
      };
    }),
  );
  return drawPlot({
    title: 'A delivery that refreshes one Warehouse',
    xLabel: 'Warehouses in the cluster',
    yLabel: 'time as a multiple of one PATCH',
    series: series.filter(({ points }) => points.length > 0),
  });
}
