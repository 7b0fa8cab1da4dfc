import type { FunctionName } from '../../lib/functions.ts';
import type { CloudFormationTemplate } from './synthesize.ts';

/** The part of the framework that the plugin uses. */
interface Framework {
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  readonly service: {
    readonly provider: { compiledCloudFormationTemplate: CloudFormationTemplate };
    getServiceName(): string;
    getAllFunctions(): FunctionName[];
  };
  getProvider(name: 'aws'): {
    getStage(): string;
    readonly naming: { getLambdaLogicalId(name: string): string };
  };
}

/**
 * A plugin of the Serverless Framework: deploys the template of the CDK stack. The framework bundles and uploads the code and keeps the
 * stack; of the resources that it makes itself, its bucket alone stays. It acts on a package only: `serverless offline` needs no resources,
 * so that aws-cdk-lib is not even loaded there.
 */
export default class FrontDoorResources {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;

  constructor(framework: Framework) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => replaceTemplate(framework),
    };
  }
}

/** @throws an error of the framework's own, which it shows without a stack, where a setting is wrong */
async function replaceTemplate(framework: Framework): Promise<void> {
  const { service, classes } = framework;
  const aws = framework.getProvider('aws');
  const { provider } = service;
  const { DeploymentError, readDeploymentSettings } = await import('../deployment-settings.ts');
  const { synthesizeFor } = await import('./synthesize.ts');
  try {
    provider.compiledCloudFormationTemplate = synthesizeFor({
      stackName: `${service.getServiceName()}-${aws.getStage()}`,
      functions: service.getAllFunctions(),
      logicalIdOf: (name) => aws.naming.getLambdaLogicalId(name),
      compiled: provider.compiledCloudFormationTemplate,
      settings: readDeploymentSettings({ get: (name) => process.env[name] }),
    });
  } catch (error) {
    if (error instanceof DeploymentError) throw new classes.Error(error.message, 'INVALID_SETTINGS');
    throw error;
  }
}
