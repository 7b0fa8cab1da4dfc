import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { bundleFunctions } from './bundle.ts';
import { readDeploymentSettings } from './deployment-settings.ts';
import { FrontDoorStack } from './front-door-stack.ts';

/** The CDK app (`npx cdk deploy`): the front door alone, with settings from CDK's context or the environment. */
await bundleFunctions();
const app = new App();
const setting = (name: string): string | undefined => {
  const fromContext = app.node.tryGetContext(name) as string | number | boolean | undefined;
  return fromContext?.toString() ?? process.env[name];
};
new FrontDoorStack(
  app,
  setting('STACK_NAME') || 'kargo-front-door',
  readDeploymentSettings({ get: setting }),
);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
