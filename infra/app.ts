import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundleFunctions } from './bundles/bundle.ts';
import { describeDeploymentError, readDeployment, type Deployment } from './deployment.ts';
import { DeploymentError } from './deployment-settings.ts';
import { FrontDoorStack } from './front-door-stack.ts';
import { CONFIRMATION, refuseRemovals } from './removal-guard.ts';

/** The CDK app (`npx cdk deploy`): the front door alone, as front-door.yaml says or, without it, CDK's context or the environment. */
const app = new App();
try {
  const deployment = readDeployment({ get: readSetting, folder: process.cwd() });
  await bundleFunctions();
  const { settings, environment, stackName = 'kargo-front-door' } = deployment;
  new FrontDoorStack(app, stackName, settings, undefined, environment);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const note = await checkRemovals(stackName, deployment);
  if (note !== undefined) console.error(note);
} catch (error) {
  if (!(error instanceof DeploymentError)) throw error;
  console.error(describeDeploymentError(error));
  process.exit(1);
}

function readSetting(name: string): string | undefined {
  const fromContext = app.node.tryGetContext(name) as string | number | boolean | undefined;
  return fromContext?.toString() ?? process.env[name];
}

/**
 * Compares the deployment with the stack that exists. CDK announces the account and region of its credentials; without them it can
 * deploy nothing either.
 *
 * @returns why that was not possible, or undefined
 */
async function checkRemovals(
  stackName: string,
  { environment, origin }: Deployment,
): Promise<string | undefined> {
  const { CDK_DEFAULT_ACCOUNT: defaultAccount, CDK_DEFAULT_REGION: defaultRegion } = process.env;
  const account = environment.account ?? defaultAccount;
  const { template } = app.synth().getStackByName(stackName);
  if (defaultAccount === undefined)
    return `No AWS credentials: whether a stack ${stackName} exists that a deployment would change was not checked.`;
  const region = environment.region ?? defaultRegion;
  const config = region === undefined ? {} : { region };
  // `cdk --profile` passes its credentials to no other program.
  const identity = await new STSClient(config).send(new GetCallerIdentityCommand()).catch(() => undefined);
  if (identity?.Account !== account)
    return `The credentials in the environment are not those of account ${account}. Set AWS_PROFILE instead of --profile: whether this deployment removes the VPC, domain or access entries of the stack ${stackName} was not checked.`;
  return refuseRemovals(new CloudFormationClient(config), {
    stackName,
    template: template as object,
    origin,
    confirmation: readSetting(CONFIRMATION),
  });
}
