import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_lambda as lambda, aws_s3 as s3, CfnResource, Fn, Stack } from 'aws-cdk-lib';
import { FUNCTION_NAMES } from '../../lib/functions.ts';
import { DeploymentError, readDeploymentSettings, type DeploymentSettings } from '../deployment-settings.ts';
import { FrontDoorStack } from '../front-door-stack.ts';

/** The part of the Serverless Framework that is used. */
export interface Framework {
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
  readonly service: {
    readonly provider: { compiledCloudFormationTemplate: Template };
    getServiceName(): string;
  };
  getProvider(name: 'aws'): {
    getStage(): string;
    readonly naming: { getLambdaLogicalId(name: string): string };
  };
}

interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The framework's bucket for its uploads, in all its templates; its policy and output begin with the same. */
const BUCKET = 'ServerlessDeploymentBucket';

/**
 * Replaces the template that the framework has made by that of the CDK stack, with the code where the framework uploads it, the
 * framework's bucket, and its logical ids for the functions.
 *
 * @throws an error of the framework's own, which it shows without a stack, where a setting is invalid
 */
export function replaceTemplateOf(framework: Framework): void {
  const { service } = framework;
  const aws = framework.getProvider('aws');
  const made = service.provider.compiledCloudFormationTemplate;
  const settings = readSettings(framework);
  const outdir = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    // The bucket is the framework's own: an app that is never synthesized refers to it.
    const uploads = s3.Bucket.fromBucketName(new Stack(new App({ outdir })), 'Uploads', Fn.ref(BUCKET));
    const code = FUNCTION_NAMES.map((name) => {
      const { Properties } = made.Resources[aws.naming.getLambdaLogicalId(name)] ?? {};
      const uploaded = Properties?.['Code'] as { readonly S3Key: string };
      return [name, lambda.Code.fromBucket(uploads, uploaded.S3Key)];
    });
    const stackName = `${service.getServiceName()}-${aws.getStage()}`;
    const stack = new FrontDoorStack(app, stackName, settings, Object.fromEntries(code));
    for (const [id, { Type: type, Properties: properties = {} }] of bucketOf(made.Resources))
      new CfnResource(stack, id, { type, properties });
    for (const [name, deployed] of stack.frontDoor.functions) {
      const { defaultChild } = deployed.node;
      (defaultChild as lambda.CfnFunction).overrideLogicalId(aws.naming.getLambdaLogicalId(name));
    }
    const { Resources, Outputs } = app.synth().getStackByName(stackName).template as Template;
    // The template's other parts check the bucket of CDK's own uploads, which is not used.
    const outputs = { ...Object.fromEntries(bucketOf(made.Outputs)), ...Outputs };
    service.provider.compiledCloudFormationTemplate = { ...made, Resources, Outputs: outputs };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function readSettings(framework: Framework): DeploymentSettings {
  try {
    return readDeploymentSettings({ get: (name) => process.env[name] });
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    throw new framework.classes.Error(error.message, 'INVALID_SETTINGS');
  }
}

function bucketOf<Member>(members: Readonly<Record<string, Member>>): [id: string, member: Member][] {
  return Object.entries(members).filter(([id]) => id.startsWith(BUCKET));
}
