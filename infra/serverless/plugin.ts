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
      'after:aws:package:finalize:mergeCustomProviderResources': async () => {
        const { replaceTemplateOf } = await import('./synthesize.ts');
        replaceTemplateOf(framework);
      },
    };
  }
}
