/** How much the benchmark measures. */
export interface BenchSizes {
  /** Numbers of Warehouses, smallest first. */
  readonly warehouses: readonly number[];
  readonly promotions: readonly number[];
  /** Numbers of projects, each with one receiver; the ClusterConfig's comes on top. */
  readonly receivers: readonly number[];
  readonly unknownPaths: number;
  /** Imports of each bundle. */
  readonly coldStarts: number;
}

/** Reads the sizes; each can be reduced for a quick try. */
export function readSizes(environment: Readonly<Record<string, string | undefined>>): BenchSizes {
  const list = (name: string, fallback: string): number[] =>
    (environment[name] || fallback)
      .split(',')
      .map(Number)
      .toSorted((a, b) => a - b);
  const one = (name: string, fallback: string): number => list(name, fallback).at(-1)!;
  return {
    warehouses: list('BENCH_WAREHOUSES', '10,1000,10000'),
    promotions: list('BENCH_PROMOTIONS', '500,10000'),
    receivers: list('BENCH_RECEIVERS', '20,300,1000'),
    unknownPaths: one('BENCH_UNKNOWN_PATHS', '10000'),
    coldStarts: one('BENCH_COLD_STARTS', '21'),
  };
}
