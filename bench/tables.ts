import { EMPTY, USUAL_CLIENTS, type ColdStart } from './cold-start.ts';
import type { ClusterResults, DeliveryResult, Result } from './cluster-measurements.ts';
import type { Measurement } from './measured-function.ts';
import { DELIVERIES, monthlyCost, type CountedWork } from './monthly-cost.ts';

/** Columns that are aligned to the left. */
const TEXT_COLUMNS = ['', 'requests', 'requests to the cluster and to Secrets Manager'];

type Row = readonly (string | number)[];

/** Writes the results as sections of Markdown. */
export function describeResults(cluster: ClusterResults, coldStarts: readonly ColdStart[]): string {
  const { deliveries, pullRequests, unknownPaths, reconciler } = cluster;
  const usual = deliveries.findLast(({ what }) => what.startsWith('push to a receiver of a project'))!;
  return [
    section(
      `Pushes, by number of Warehouses of ${(cluster.warehouseBytes / 1000).toFixed(1)} KB`,
      DELIVERY_COLUMNS,
      deliveries.map((result) => deliveryRow(result, `${result.what} (${result.lookup})`)),
    ),
    section(
      'Closed pull requests, by number of Promotions',
      DELIVERY_COLUMNS,
      pullRequests.map((result) => deliveryRow(result)),
    ),
    section(
      'The first delivery of an environment',
      ['', 'of', 'requests'],
      firstDeliveries(cluster).map(([name, { count, report }]) => [name, count, describeCalls(report.first)]),
    ),
    section(
      'Unknown paths',
      [
        '',
        'p50 ms',
        'p99 ms',
        'max ms',
        'seconds in all',
        'requests to the cluster and to Secrets Manager',
        'secrets read',
      ],
      [
        [
          `${unknownPaths.count} ${unknownPaths.what}`,
          fixed(unknownPaths.report.rest.p50Ms),
          fixed(unknownPaths.report.rest.p99Ms),
          fixed(unknownPaths.report.rest.maxMs),
          fixed(unknownPaths.report.rest.totalMs / 1000),
          describeCalls(unknownPaths.report.rest, unknownPaths.count) || 'none',
          Math.round(unknownPaths.report.rest.exchanges.secrets * unknownPaths.count),
        ],
      ],
    ),
    section(
      'The reconciler, by number of receivers',
      ['', 'receivers', 'ms', 'requests', 'secrets read', 'KB in', 'peak MB'],
      reconciler.flatMap(({ what, count, report }) =>
        (['first', 'rest'] as const).map((phase) => [
          phase === 'first' ? 'the first run of an environment' : what,
          count,
          fixed(report[phase].p50Ms),
          describeCalls(report[phase]),
          fixed(report[phase].exchanges.secrets),
          kilobytes(report[phase].exchanges.bytesIn),
          Math.round(report.peakMb),
        ]),
      ),
    ),
    describeColdStarts(coldStarts),
    section(
      `US dollars of a month with ${DELIVERIES.toLocaleString('en')} deliveries, by number of receivers`,
      ['receivers', 'reading secrets', 'reconciler', 'deliveries', 'together'],
      reconciler.map((result) => costRow(result, usual)),
    ),
  ].join('\n\n');
}

/** Writes what the import of each bundle costs, as a section of Markdown. */
export function describeColdStarts(coldStarts: readonly ColdStart[]): string {
  return section(
    'Import of each bundle, by a new process',
    ['', 'MB', 'gzip MB', 'ms', 'ms over the empty one', '× the usual clients', 'CPU ms'],
    coldStarts.map((start) => coldStartRow(start, coldStarts)),
  );
}

/** The deliveries of the last rounds of measurements, with their names. */
function firstDeliveries({ deliveries, pullRequests }: ClusterResults): [name: string, result: Result][] {
  return [
    ...new Map<string, Result>([
      ...deliveries.map((result) => [`${result.what} (${result.lookup})`, result] as const),
      ...pullRequests.map((result) => [result.what, result] as const),
    ]),
  ].filter(([name]) => !name.includes('apart'));
}

const DELIVERY_COLUMNS = [
  '',
  'of',
  '× one PATCH',
  '× its CPU time',
  'requests besides PATCHes',
  'KB in',
  'peak MB',
];

function deliveryRow({ what, count, report }: Result, name = what): Row {
  const { rest, patch } = report;
  const others = Object.entries(rest.exchanges.calls).filter(([kind]) => !kind.startsWith('patch '));
  const calls = others.reduce((sum, [, mean]) => sum + mean, 0);
  return [
    name,
    count,
    fixed(rest.p50Ms / (patch?.p50Ms ?? Number.NaN)),
    fixed(rest.cpuMs / (patch?.cpuMs ?? Number.NaN)),
    fixed(calls),
    kilobytes(rest.exchanges.bytesIn),
    Math.round(report.peakMb),
  ];
}

function coldStartRow({ name, bytes, gzipBytes, ms, cpuMs }: ColdStart, all: readonly ColdStart[]): Row {
  const msOf = (other: string): number => all.find((start) => start.name === other)?.ms ?? Number.NaN;
  const empty = msOf(EMPTY);
  return [
    name,
    (bytes / 1e6).toFixed(2),
    (gzipBytes / 1e6).toFixed(2),
    Math.round(ms),
    Math.round(ms - empty),
    fixed((ms - empty) / (msOf(USUAL_CLIENTS) - empty)),
    Math.round(cpuMs),
  ];
}

function costRow({ count, report }: Result, delivery: DeliveryResult): Row {
  const { secretReads, reconciler, deliveries, total } = monthlyCost(
    workOf(report.rest, report.logBytes / (report.rest.rounds + 1)),
    {
      ...workOf(delivery.report.rest, delivery.report.logBytes / (delivery.report.rest.rounds + 1)),
      // Deliveries are spread over environments and hours, so that each reads its secret.
      secretReads: delivery.report.first.exchanges.secrets,
    },
  );
  return [count, ...[secretReads, reconciler, deliveries, total].map((dollars) => dollars.toFixed(2))];
}

/** Counts each secret of a batch, as AWS bills it, and each other request to Secrets Manager. */
function workOf({ p50Ms, exchanges }: Measurement, logBytes: number): CountedWork {
  const { ListSecrets: lists = 0, DescribeSecret: described = 0 } = exchanges.calls;
  return { secretReads: exchanges.secrets + lists + described, ms: p50Ms, logBytes };
}

/** Writes the requests of one round, or of this many. */
function describeCalls({ exchanges }: Measurement, rounds = 1): string {
  return Object.entries(exchanges.calls)
    .map(([kind, mean]) => `${fixed(mean * rounds)} ${kind}`)
    .join(', ');
}

function section(title: string, columns: readonly string[], rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  const dashes = columns.map((column) => (TEXT_COLUMNS.includes(column) ? '---' : '---:'));
  return [`### ${title}`, '', line(columns), line(dashes), ...rows.map(line)].join('\n');
}

function fixed(value: number): string {
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  return value.toFixed(value < 10 ? 2 : 1);
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}
