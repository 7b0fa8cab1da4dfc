import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { describeDeploymentError, readDeployment, readPlace } from '../deployment.ts';
import { DeploymentError } from '../deployment-settings.ts';
import type { StackTemplate } from '../removals.ts';

/** The part of the Serverless Framework that is used. */
export interface Framework {
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  readonly processedInput: { readonly commands: readonly string[] };
  readonly serviceDir: string;
  readonly service: {
    readonly functions: Readonly<Record<string, { readonly package?: { readonly artifact?: string } }>>;
    readonly provider: {
      compiledCloudFormationTemplate: StackTemplate & { readonly Outputs: Readonly<Record<string, unknown>> };
      /** Name of the stack. Default: the service's name and the stage. */
      stackName?: string;
      region?: string;
    };
  };
  getProvider(name: 'aws'): {
    readonly naming: { getLambdaLogicalId(name: string): string; getStackName(): string };
    getRegion(): string;
    getAccountId(): Promise<string>;
    getCloudFormationClient(): Promise<CloudFormationClient>;
  };
}

/** Options of the command line. */
interface Options {
  /** The folder of a package. */
  readonly package?: string;
}

/** What the framework passes to a plugin besides itself. */
interface Utilities {
  readonly log: { warning(message: string): void };
}

/**
 * A plugin of the Serverless Framework: deploys the template of the CDK stack, as front-door.yaml says. The framework bundles and uploads
 * the code and deploys the stack; of the resources in its own template, only the bucket stays. `serverless offline` needs no resources: the
 * plugin leaves it alone, reads no file for it, and does not even load aws-cdk-lib.
 */
export default class FrontDoorResources {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;

  constructor(framework: Framework, options: Options, { log }: Utilities) {
    this.hooks = {};
    const [command] = framework.processedInput.commands;
    if (command === 'offline') return;
    // A package has its settings already. What is refused is refused before the code is bundled.
    const isPackaging = command === 'package' || (command === 'deploy' && options.package === undefined);
    choosePlace(framework, isPackaging ? readDeployment : readPlace);
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': async () => {
        const { replaceTemplateOf } = await import('./synthesize.ts');
        await reportRefusal(framework, () => replaceTemplateOf(framework));
      },
      'before:aws:deploy:deploy:checkForChanges': async () => {
        const { checkDeployment } = await import('./check-deployment.ts');
        const note = await reportRefusal(framework, () => checkDeployment(framework));
        if (note !== undefined) log.warning(note);
      },
    };
  }
}

/** Applies the stack's name and the region to all commands of the framework. */
function choosePlace(framework: Framework, read: typeof readPlace): void {
  const { provider } = framework.service;
  try {
    const { stackName, environment } = read({
      get: (name) => process.env[name],
      folder: framework.serviceDir,
    });
    if (stackName !== undefined) provider.stackName = stackName;
    if (environment.region !== undefined) provider.region = environment.region;
  } catch (error) {
    throw refusalOf(framework, error);
  }
}

async function reportRefusal<Result>(
  framework: Framework,
  act: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw refusalOf(framework, error);
  }
}

/** Returns an error that the framework shows without a stack trace. */
function refusalOf(framework: Framework, error: unknown): unknown {
  if (!(error instanceof DeploymentError)) return error;
  return new framework.classes.Error(describeDeploymentError(error), 'DEPLOYMENT_REFUSED');
}
