import type { CheckResult } from './check.ts';
import type { CheckedRow } from './run-checks.ts';

const MARKS = { ok: '✓', failed: '✗', skipped: '–' } as const satisfies Record<CheckResult['state'], string>;

/** Width of the column with the checks' names. */
const NAME_WIDTH = 18;

/** Problems of one check that are printed. The JSON holds all. */
const MAX_PROBLEMS = 10;

const INDENT = ' '.repeat(NAME_WIDTH + 4);

/** Formats one row of the table: mark, check, fact, and below each problem what to do. */
export function formatRow({ check, result }: CheckedRow): string {
  const [first = '', ...more] = describe(result);
  return [
    `${MARKS[result.state]} ${check.padEnd(NAME_WIDTH)}  ${first}`,
    ...more.map((line) => INDENT + line),
  ].join('\n');
}

/** Formats the last line of the table. */
export function formatSummary(rows: readonly CheckedRow[]): string {
  const count = (state: CheckResult['state']): number =>
    rows.filter(({ result }) => result.state === state).length;
  return `${count('ok')} right, ${count('failed')} wrong, ${count('skipped')} not checked`;
}

/** Returns whether nothing is wrong. */
export function isHealthy(rows: readonly CheckedRow[]): boolean {
  return rows.every(({ result }) => result.state !== 'failed');
}

function describe(result: CheckResult): string[] {
  switch (result.state) {
    case 'ok':
      return [result.fact];
    case 'skipped':
      return [`not checked: ${result.reason}`];
    case 'failed': {
      const shown = result.problems.slice(0, MAX_PROBLEMS);
      const lines = shown.flatMap(({ fact, advice }) => [fact, `→ ${advice}`]);
      const more = result.problems.length - shown.length;
      return more > 0 ? [...lines, `and ${more} more: --json shows all`] : lines;
    }
    default:
      return result satisfies never;
  }
}
