import { aws_events as events, aws_iam as iam, aws_lambda as lambda, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { FUNCTIONS, type FunctionName } from '../../lib/functions.ts';
import { RUNTIME } from '../constants.ts';
import {
  concurrencySettingOf,
  type DeploymentSetting,
  type DeploymentSettings,
} from '../deployment-settings.ts';
import { bundleFolder, bundlePath, handlerOf } from '../package-paths.ts';
import { addLogGroup } from './log-group.ts';

/** A failed run is not retried: the next one does the same work. */
const SCHEDULED_RETRIES = 0;

/** The least that Lambda allows: a run that could not begin within a minute is no longer of use. */
const SCHEDULED_MAX_AGE_SECONDS = 60;

export interface FrontDoorFunctionProps {
  readonly name: FunctionName;
  /** Its name in AWS. */
  readonly functionName: string;
  readonly code: lambda.Code;
  readonly environment: Record<string, string>;
  readonly policy: iam.PolicyDocument;
  readonly settings: DeploymentSettings;
  readonly network:
    Required<Pick<lambda.FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'>> | undefined;
}

/** A function with a role and a log group of its own. */
export class FrontDoorFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: FrontDoorFunctionProps) {
    super(scope, id);
    const { name, functionName, settings } = props;
    const { description, timeoutSeconds } = FUNCTIONS[name];
    const concurrency = settings[concurrencySettingOf(name)];
    const logGroup = addLogGroup(this, `/aws/lambda/${functionName}`, settings);
    this.role = new iam.Role(this, 'Role', {
      description: `The rights of ${functionName}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { [name]: props.policy },
    });
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description,
      runtime: new lambda.Runtime(RUNTIME, lambda.RuntimeFamily.NODEJS),
      architecture: lambda.Architecture.ARM_64,
      handler: handlerOf(name),
      code: props.code,
      timeout: Duration.seconds(timeoutSeconds),
      memorySize: settings.MEMORY_SIZE,
      ...(concurrency !== 0 && { reservedConcurrentExecutions: concurrency }),
      environment: props.environment,
      // The policy above is the whole of it: nothing else adds to it.
      role: this.role.withoutPolicyUpdates(),
      tracing: settings.TRACING === 'true' ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      ...props.network,
    });
    this.function.node.addDependency(logGroup);
  }

  /** Runs the function on a schedule; a run that fails or comes late is left to the next one. */
  schedule(rate: string): void {
    const rule = new events.Rule(this, 'Schedule', { schedule: events.Schedule.expression(rate) });
    rule.addTarget({ bind: () => ({ arn: this.function.functionArn }) });
    addInvokePermission(this, this.function, 'events.amazonaws.com', rule.ruleArn);
    this.function.configureAsyncInvoke({
      retryAttempts: SCHEDULED_RETRIES,
      maxEventAge: Duration.seconds(SCHEDULED_MAX_AGE_SECONDS),
    });
  }
}

/** Allows a service to invoke a function on behalf of one source, and no other. */
export function addInvokePermission(
  scope: Construct,
  { functionArn: functionName }: lambda.IFunction,
  principal: string,
  sourceArn: string,
): void {
  const action = 'lambda:InvokeFunction';
  new lambda.CfnPermission(scope, 'Permission', { functionName, action, principal, sourceArn });
}

/**
 * Returns the bundle that the app has made before, or `npm run build`.
 *
 * @throws {Error} where it is missing
 */
export function bundledCode(name: FunctionName): lambda.Code {
  if (!existsSync(bundlePath(name)))
    throw new Error(`${bundlePath(name)} is missing: npm run build makes it`);
  return lambda.Code.fromAsset(bundleFolder(name));
}

/** The settings that every function reads under the same name. */
const SETTINGS = [
  'SECRET_NAME_TEMPLATE',
  'SYSTEM_RESOURCES_NAMESPACE',
  'ROTATION_GRACE_HOURS',
  'MAX_RECEIVERS_PER_PROJECT',
  'PROJECTS',
  'KUBECONFIG_SECRET_ID',
  'EKS_CLUSTER_NAME',
  'EKS_CLUSTER_ENDPOINT',
  'EKS_CLUSTER_CA',
  'LOG_LEVEL',
] as const satisfies readonly DeploymentSetting[];

/**
 * Returns a function's environment (docs/settings.md).
 *
 * @param apiId - the API in which the reconciler keeps routes
 */
export function environmentOf(
  name: FunctionName,
  settings: DeploymentSettings,
  receiverBaseUrl: string,
  apiId: string,
): Record<string, string> {
  return {
    RECEIVER_BASE_URL: receiverBaseUrl,
    ...Object.fromEntries(
      SETTINGS.flatMap((setting) => {
        const value = settings[setting]?.toString() ?? '';
        return value === '' ? [] : [[setting, value]];
      }),
    ),
    ...(name === 'reconciler' && {
      DRY_RUN: settings.DRY_RUN,
      ...(settings.ROUTES === 'per-receiver' && { ROUTES_API_ID: apiId }),
    }),
    // Stack traces name the sources, not the bundle.
    NODE_OPTIONS: '--enable-source-maps',
  };
}
