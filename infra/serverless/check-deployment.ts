import { readPlace } from '../deployment.ts';
import { DeploymentError } from '../deployment-settings.ts';
import { CONFIRMATION, refuseRemovals } from '../removal-guard.ts';
import type { Framework } from './plugin.ts';

/**
 * Checks a deployment of the framework against the account before anything is uploaded.
 *
 * @returns why the deployed stack could not be read; undefined where it was
 * @throws {DeploymentError} where it goes to another place than it says, or would remove what the stack needs
 */
export async function checkDeployment(framework: Framework): Promise<string | undefined> {
  const aws = framework.getProvider('aws');
  const { environment, origin } = readPlace({
    get: (name) => process.env[name],
    folder: framework.serviceDir,
  });
  const { account, region } = environment;
  if (region !== undefined && region !== aws.getRegion())
    throw new DeploymentError([`${origin} is for ${region}, and --region for ${aws.getRegion()}`]);
  const actual = account && (await aws.getAccountId());
  if (account !== actual)
    throw new DeploymentError([
      `${origin} is for the account ${account}, and the credentials are of ${actual}`,
    ]);
  return refuseRemovals(await aws.getCloudFormationClient(), {
    stackName: aws.naming.getStackName(),
    template: framework.service.provider.compiledCloudFormationTemplate,
    origin,
    confirmation: process.env[CONFIRMATION],
  });
}
