import { RetryableError } from '../../../lib/app/errors.ts';
import { readSettings, SettingsError } from '../../../lib/adapters/settings/settings.ts';
import { formatBaseUrl } from '../../../lib/core/kargo/receiver-path.ts';
import { failed, toResult, type Check, type Problem } from '../check.ts';
import type { Environment } from '../installation.ts';

/** The settings of the functions, as deployed. */
export const settingsCheck: Check = {
  name: 'settings',
  async run(installation, signal) {
    const { name } = installation.source;
    const environments = await installation.environments(signal).catch((error: unknown) => {
      if (error instanceof RetryableError) return error;
      throw error;
    });
    if (environments instanceof RetryableError) {
      const advice =
        'Choose credentials that may read the functions, and their region: AWS_PROFILE, AWS_REGION.';
      return failed(environments.message, advice);
    }
    if (!environments.has('receiver')) {
      const fact = `there is no function ${name}-receiver`;
      const advice = 'Correct --stack, or choose account and region: AWS_PROFILE, AWS_REGION.';
      return failed(fact, advice);
    }
    const faults = Map.groupBy(environments, ([, environment]) => faultOf(environment)?.fact);
    const problems = [...faults].flatMap(([fact, functions]): Problem[] => {
      const advice = functions[0] && faultOf(functions[0][1])?.advice;
      if (fact === undefined || advice === undefined) return [];
      return [{ fact: `${functions.map(([functionName]) => functionName).join(', ')}: ${fact}`, advice }];
    });
    const bases = new Set([...environments.values()].map((environment) => environment['RECEIVER_BASE_URL']));
    if (bases.size > 1) {
      const fact = `the functions have different values of RECEIVER_BASE_URL: ${[...bases].join(', ')}`;
      problems.push({ fact, advice: 'Deploy again: the deployment sets one for all.' });
    }
    const base = problems.length === 0 ? formatBaseUrl((await installation.settings(signal)).base) : '';
    return toResult(problems, `valid for ${[...environments.keys()].join(', ')}; base URL ${base}`);
  },
};

/** Returns what is wrong with the settings of one function. */
function faultOf(environment: Environment): Problem | undefined {
  try {
    if (!readSettings(environment).dryRun) return undefined;
    return { fact: 'DRY_RUN is true, so that nothing is published', advice: 'Set DRY_RUN=false and deploy.' };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { fact: error.message, advice: 'Correct what is named and deploy.' };
  }
}
