import { DeploymentReader } from '../lib/adapters/aws/deployment-reader.ts';
import { localEnvironment, readLocalSettings } from '../local/local-settings.ts';
import { CHECKS } from './doctor/checks.ts';
import { deployedInstallation } from './doctor/deployed-installation.ts';
import { Installation, type InstallationSource } from './doctor/installation.ts';
import { readDoctorOptions, type DoctorOptions } from './doctor/options.ts';
import { formatRow, formatSummary, isHealthy } from './doctor/report.ts';
import { runChecks } from './doctor/run-checks.ts';

/**
 * Checks an installation, and prints a row for each check: `kargo-front-door doctor`.
 *
 * @returns the exit status: 0 where nothing is wrong
 * @throws {LocalError} for options or settings that the user can correct
 */
export async function doctor(args: readonly string[]): Promise<number> {
  const options = readDoctorOptions(args);
  return examine(await chooseInstallation(options), options, console.log);
}

/** Runs the checks and prints the rows as they come, or all as JSON at the end. */
export async function examine(
  source: InstallationSource,
  { receiver, json }: Pick<DoctorOptions, 'receiver' | 'json'>,
  print: (text: string) => void,
): Promise<number> {
  const installation = new Installation(source, receiver);
  const rows = await runChecks(CHECKS, installation, (row) => {
    if (!json) print(formatRow(row));
  });
  print(
    json
      ? JSON.stringify(
          rows.map(({ check, result }) => ({ check, ...result })),
          null,
          2,
        )
      : `\n${formatSummary(rows)}`,
  );
  return isHealthy(rows) ? 0 : 1;
}

async function chooseInstallation({ stack, cluster }: DoctorOptions): Promise<InstallationSource> {
  if (stack !== undefined) return deployedInstallation(new DeploymentReader(stack), cluster);
  const settings = readLocalSettings(process.env);
  // The clients of AWS in this process use what npm start serves, too.
  Object.assign(process.env, localEnvironment(settings, process.env));
  // The package does not have what only the local run needs.
  const { localInstallation } = await import('./doctor/local-installation.ts');
  return localInstallation(settings, cluster);
}
