import { aws_iam as iam, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { bundleFolder, bundlePath } from '../bundle-path.ts';
import type { Statement } from '../permissions.ts';
import { addLogGroup } from './log-group.ts';
import { values, type FunctionId } from '../values.ts';

export interface FrontDoorFunctionProps {
  readonly function: FunctionId;
  /** The deployment's name, which the function's begins with. */
  readonly name: string;
  readonly environment: Record<string, string>;
  readonly statements: readonly Statement<string>[];
  readonly memorySize: number;
  readonly logRetentionDays: number;
  readonly tracing: boolean;
  readonly network:
    Required<Pick<lambda.FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>> | undefined;
}

/** One of the two functions, with a role and a log group of its own. */
export class FrontDoorFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: FrontDoorFunctionProps) {
    super(scope, id);
    const { name } = props;
    const settings = values[props.function];
    const functionName = `${name}-${props.function}`;
    const logGroup = addLogGroup(this, `/aws/lambda/${functionName}`, props.logRetentionDays);
    this.role = new iam.Role(this, 'Role', {
      description: `What the ${props.function} of ${name} may do`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { [props.function]: policyOf(props.statements) },
    });
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description: settings.description,
      runtime: new lambda.Runtime(values.runtime, lambda.RuntimeFamily.NODEJS),
      architecture: lambda.Architecture.ARM_64,
      handler: settings.handler,
      code: codeOf(props.function),
      timeout: Duration.seconds(settings.timeoutSeconds),
      memorySize: props.memorySize,
      environment: props.environment,
      // The policy above is the whole of it: nothing else adds to it.
      role: this.role.withoutPolicyUpdates(),
      tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      ...props.network,
    });
    this.function.node.addDependency(logGroup);
  }
}

function policyOf(statements: readonly Statement<string>[]): iam.PolicyDocument {
  return iam.PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements });
}

/** Gives the bundle that `npm run build`, or the app before it begins, has made. Raises an error where it is missing. */
function codeOf(id: FunctionId): lambda.Code {
  if (!existsSync(bundlePath(id))) throw new Error(`${bundlePath(id)} is missing: npm run build makes it`);
  return lambda.Code.fromAsset(bundleFolder(id));
}
