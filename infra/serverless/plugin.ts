import type { DeploymentError } from '../deployment-settings.ts';
import type { Framework } from './synthesize.ts';

/**
 * A plugin of the Serverless Framework: deploys the template of the CDK stack. The framework bundles and uploads the code and deploys the
 * stack; of the resources in its own template, only the bucket stays. The plugin acts on packaging alone: `serverless offline` needs no
 * resources, and does not even load aws-cdk-lib.
 */
export default class FrontDoorResources {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;

  constructor(framework: Framework) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => replaceTemplate(framework),
    };
  }
}

/** @throws an error of the framework's own, which it shows without a stack, where a setting is invalid */
async function replaceTemplate(framework: Framework): Promise<void> {
  const { replaceTemplateOf } = await import('./synthesize.ts');
  try {
    replaceTemplateOf(framework);
  } catch (error) {
    const { name, message } = error as DeploymentError;
    throw name === 'DeploymentError' ? new framework.classes.Error(message, 'INVALID_SETTINGS') : error;
  }
}
