import { RetryableError, TerminalError } from '../../lib/app/errors.ts';
import { SettingsError } from '../../lib/adapters/settings/settings.ts';
import { CannotCheckError, skipped, type Check, type CheckResult } from './check.ts';
import type { Installation } from './installation.ts';

/** A person waits for the table. A check that takes longer is reported as such. */
const CHECK_TIMEOUT_MS = 30_000;

/** A check with its result. */
export interface CheckedRow {
  readonly check: string;
  readonly result: CheckResult;
}

/** Runs the checks one after another, and reports each as soon as it is done. One that cannot be run does not end the others. */
export async function runChecks(
  checks: readonly Check[],
  installation: Installation,
  report: (row: CheckedRow) => void = () => undefined,
): Promise<CheckedRow[]> {
  const rows: CheckedRow[] = [];
  for (const check of checks) {
    const row = { check: check.name, result: await runCheck(check, installation) };
    report(row);
    rows.push(row);
  }
  return rows;
}

async function runCheck(check: Check, installation: Installation): Promise<CheckResult> {
  try {
    return await check.run(installation, AbortSignal.timeout(CHECK_TIMEOUT_MS));
  } catch (error) {
    if (error instanceof CannotCheckError) return skipped(error.message);
    if (error instanceof SettingsError) return skipped('the settings are not valid');
    if (error instanceof RetryableError || error instanceof TerminalError) return skipped(error.message);
    throw error;
  }
}
