import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, aws_lambda as lambda, CfnResource, Fn } from 'aws-cdk-lib';
import type { FunctionName } from '../../lib/functions.ts';
import type { DeploymentSettings } from '../deployment-settings.ts';
import { FrontDoorStack } from '../front-door-stack.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** A CloudFormation template as JSON. */
export interface CloudFormationTemplate {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

/** The framework's bucket for its uploads, in all its templates. */
const BUCKET = 'ServerlessDeploymentBucket';

export interface SynthesisOptions {
  readonly stackName: string;
  readonly functions: readonly FunctionName[];
  /** The framework's logical id of a function. */
  readonly logicalIdOf: (name: FunctionName) => string;
  /** The template that the framework made. */
  readonly compiled: CloudFormationTemplate;
  readonly settings: DeploymentSettings;
}

/**
 * Synthesizes the CDK stack with the code that the framework uploads.
 *
 * @returns the stack's template with the framework's bucket, and its logical ids for the functions
 */
export function synthesizeFor(options: SynthesisOptions): CloudFormationTemplate {
  const { stackName, functions, logicalIdOf, compiled, settings } = options;
  const outdir = mkdtempSync(join(tmpdir(), 'kargo-front-door-'));
  try {
    const app = new App({ outdir, analyticsReporting: false });
    const code = Object.fromEntries(
      functions.map((name) => [name, new UploadedCode(objectKeyOf(compiled.Resources[logicalIdOf(name)]))]),
    );
    const stack = new FrontDoorStack(app, stackName, settings, code);
    for (const [id, { Type: type, Properties: properties = {} }] of bucketOf(compiled.Resources))
      new CfnResource(stack, id, { type, properties });
    for (const name of functions) {
      const { defaultChild } = stack.frontDoor.functions[name].node;
      (defaultChild as lambda.CfnFunction).overrideLogicalId(logicalIdOf(name));
    }
    const { Resources, Outputs } = app.synth().getStackByName(stackName).template as CloudFormationTemplate;
    // The template's other parts check the bucket of CDK's own uploads, which is not used.
    const ownOutputs = Object.fromEntries(bucketOf(compiled.Outputs));
    return { ...compiled, Resources, Outputs: { ...ownOutputs, ...Outputs } };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** Code that the framework uploads to its bucket. */
class UploadedCode extends lambda.Code {
  readonly #objectKey: string;

  constructor(objectKey: string) {
    super();
    this.#objectKey = objectKey;
  }

  override bind(): lambda.CodeConfig {
    return { s3Location: { bucketName: Fn.ref(BUCKET), objectKey: this.#objectKey } };
  }
}

/** Returns where the framework uploads a function's code, as its own resource of the function says. */
function objectKeyOf(resource: Resource | undefined): string {
  const { S3Key } = (resource?.Properties?.['Code'] ?? {}) as { S3Key?: string };
  if (S3Key === undefined) throw new Error('the framework has not packaged every function');
  return S3Key;
}

/** Picks the members that are about the bucket. */
function bucketOf<Member>(members: Readonly<Record<string, Member>>): [id: string, member: Member][] {
  return Object.entries(members).filter(([id]) => id.startsWith(BUCKET));
}
