import {
  aws_eks as eks,
  aws_events as events,
  aws_iam as iam,
  aws_lambda as lambda,
  Duration,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { existsSync } from 'node:fs';
import { FUNCTIONS, type FunctionName } from '../../lib/functions.ts';
import { RUNTIME } from '../constants.ts';
import type { DeploymentSetting, DeploymentSettings } from '../deployment-settings.ts';
import { bundleFolder, bundlePath, handlerOf } from '../package-paths.ts';
import type { VpcEndpoints } from './endpoints.ts';
import { addLogGroup } from './log-group.ts';
import type { FunctionsNetwork } from './network.ts';
import { permissionsOf, readsBitbucketCredentials, type Permission } from './permissions.ts';
import type { RetryQueue } from './retry-queue.ts';

/** A failed run is not retried: the next run does the same work. */
const SCHEDULED_RETRIES = 0;

/** The minimum of Lambda. A run that did not start within a minute is replaced by the next one. */
const SCHEDULED_MAX_AGE_SECONDS = 60;

/** What the functions of a deployment have in common. */
export interface FunctionContext {
  readonly deploymentName: string;
  readonly settings: DeploymentSettings;
  readonly receiverBaseUrl: string;
  /** The API in which the reconciler keeps routes. */
  readonly apiId: string;
  readonly network: FunctionsNetwork | undefined;
  readonly endpoints?: VpcEndpoints | undefined;
  readonly retries: RetryQueue | undefined;
  /** Of the copy of the receivers; undefined where there are none, or nothing is queued. */
  readonly receiversSecretArn: string | undefined;
}

/** A function with a role and a log group of its own, and its entry in the EKS cluster, if there is one. */
export class FrontDoorFunction extends Construct {
  readonly function: lambda.Function;
  readonly role: iam.IRole;

  /** @param code - Default: the package's own bundle */
  constructor(scope: Construct, name: FunctionName, context: FunctionContext, code = bundledCode(name)) {
    super(scope, `${name.charAt(0).toUpperCase()}${name.slice(1)}`);
    const { settings, network } = context;
    const { description, timeoutSeconds } = FUNCTIONS[name];
    const functionName = `${context.deploymentName}-${name}`;
    const concurrency = settings[`${name.toUpperCase() as Uppercase<FunctionName>}_CONCURRENCY`];
    const logGroup = addLogGroup(this, `/aws/lambda/${functionName}`, settings);
    const permissions = permissionsOf(name, functionName, context);
    const role = new iam.Role(this, 'Role', {
      description: `The rights of ${functionName}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        [name]: new iam.PolicyDocument({ statements: permissions.map(({ statement }) => statement) }),
      },
    });
    acknowledgePatterns(role, permissions);
    // Nothing adds to the policy above.
    this.role = role.withoutPolicyUpdates();
    context.endpoints?.allow(role, permissions);
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description,
      runtime: new lambda.Runtime(RUNTIME, lambda.RuntimeFamily.NODEJS),
      architecture: lambda.Architecture.ARM_64,
      handler: handlerOf(name),
      code,
      timeout: Duration.seconds(timeoutSeconds),
      memorySize: settings.MEMORY_SIZE,
      ...(concurrency !== 0 && { reservedConcurrentExecutions: concurrency }),
      environment: environmentOf(name, context),
      // Errors at the start and timeouts are lines of JSON too. Lambda drops lines below its level, INFO if none is set.
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambdaLogLevelOf(settings.LOG_LEVEL),
      role: this.role,
      // A version outlives the deployment that replaces it, so that there is one to return to; not one that was rolled back.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
      tracing: settings.TRACING === 'true' ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      ...network,
    });
    this.function.node.addDependency(logGroup);
    if (settings.EKS_CLUSTER_NAME !== undefined) {
      new eks.CfnAccessEntry(this, 'AccessEntry', {
        clusterName: settings.EKS_CLUSTER_NAME,
        principalArn: role.roleArn,
        // infra/rbac binds the function's rights to this group.
        kubernetesGroups: [`kargo-front-door:${name}`],
        type: 'STANDARD',
      });
    }
  }

  /** Runs the function on a schedule; a run that fails or comes late is left to the next one. */
  schedule(rate: string): void {
    const rule = new events.Rule(this, 'Schedule', { schedule: events.Schedule.expression(rate) });
    rule.addTarget({ bind: () => ({ arn: this.function.functionArn }) });
    const principal = new iam.ServicePrincipal('events.amazonaws.com');
    this.function.addPermission('Permission', { scope: this, principal, sourceArn: rule.ruleArn });
    this.function.configureAsyncInvoke({
      retryAttempts: SCHEDULED_RETRIES,
      maxEventAge: Duration.seconds(SCHEDULED_MAX_AGE_SECONDS),
    });
  }
}

/** Acknowledges to cdk-nag (AwsSolutions) every resource that is a pattern, with the reason. */
function acknowledgePatterns(role: iam.Role, permissions: readonly Permission[]): void {
  for (const { statement, patternReason } of permissions) {
    if (patternReason === undefined) continue;
    for (const resource of statement.resources) {
      const id = `AwsSolutions-IAM5[Resource::${shownToNag(role, resource)}]`;
      Validations.of(role).acknowledge({ id, reason: `${statement.sid}: ${patternReason}` });
    }
  }
}

/** Writes a resource as cdk-nag does, with its references in angle brackets. */
function shownToNag(scope: Construct, resource: string): string {
  type Joined = { readonly 'Fn::Join': readonly [string, readonly (string | { readonly Ref: string })[]] };
  const resolved = Stack.of(scope).resolve(resource) as string | Joined;
  if (typeof resolved === 'string') return resolved;
  return resolved['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`)).join('');
}

/** Returns the level by which Lambda filters. It ends at `FATAL`; the logger itself may be quieter. */
function lambdaLogLevelOf(level: DeploymentSettings['LOG_LEVEL']): lambda.ApplicationLogLevel {
  const isAboveError = level === 'CRITICAL' || level === 'SILENT';
  return isAboveError ? lambda.ApplicationLogLevel.FATAL : (level as lambda.ApplicationLogLevel);
}

/**
 * Returns the bundle that the app or `npm run build` made before.
 *
 * @throws {Error} where it is missing
 */
function bundledCode(name: FunctionName): lambda.Code {
  if (!existsSync(bundlePath(name))) throw new Error(`${bundlePath(name)} is missing. Run npm run build.`);
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

/** The settings of the package registry, which the reconciler does not need. */
const REGISTRY_SETTINGS = [
  'CARGOMAN_URL',
  'CARGOMAN_TOKEN_SECRET_ID',
  'BITBUCKET_WEBHOOK_SECRET_ID',
  'BITBUCKET_URL',
] as const satisfies readonly DeploymentSetting[];

/** Returns a function's environment (docs/settings.md). */
export function environmentOf(
  name: FunctionName,
  {
    deploymentName,
    settings,
    receiverBaseUrl,
    apiId,
    endpoints,
    retries,
    receiversSecretArn,
  }: FunctionContext,
): Record<string, string> {
  const names = name === 'reconciler' ? SETTINGS : [...SETTINGS, ...REGISTRY_SETTINGS];
  const set = names.map((setting) => [setting, settings[setting]?.toString() ?? ''] as const);
  return {
    DEPLOYMENT_NAME: deploymentName,
    RECEIVER_BASE_URL: receiverBaseUrl,
    ...Object.fromEntries(set.filter(([, value]) => value !== '')),
    ...((name === 'reconciler' || name === 'registrar') && { DRY_RUN: settings.DRY_RUN }),
    ...(name === 'reconciler' && settings.ROUTES === 'per-receiver' && { ROUTES_API_ID: apiId }),
    ...((name === 'receiver' || name === 'redelivery') &&
      retries !== undefined && { RETRY_QUEUE_URL: retries.queue.queueUrl }),
    ...((name === 'receiver' || name === 'reconciler') &&
      receiversSecretArn !== undefined && { RECEIVERS_SECRET_ID: receiversSecretArn }),
    ...(name === 'redelivery' && { RETRY_MAX_AGE_HOURS: settings.RETRY_MAX_AGE_HOURS }),
    ...(readsBitbucketCredentials(name, settings) && bitbucketEnvironment(settings)),
    ...endpoints?.environment,
  };
}

function bitbucketEnvironment(settings: DeploymentSettings): Record<string, string> {
  const names = ['BITBUCKET_CREDENTIALS_SECRET_ID', 'BITBUCKET_CLOUD_API_URL', 'CHANGED_FILES'] as const;
  const set = names.map((setting) => [setting, settings[setting] ?? ''] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ''));
}
