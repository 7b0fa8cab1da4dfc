/** What starts a function: a delivery to the HTTP API, a schedule expression of EventBridge, or messages of the retry queue. */
export type Trigger =
  | { readonly kind: 'http' }
  | { readonly kind: 'schedule'; readonly rate: string }
  | { readonly kind: 'queue'; readonly batchSize: number };

/** The facts of one Lambda function. Its code is `functions/<name>.ts`, its rights in the cluster are `infra/rbac/<name>.yaml`. */
export interface FunctionFacts {
  readonly description: string;
  readonly timeoutSeconds: number;
  /** Default of its setting `<NAME>_CONCURRENCY`: its reserved concurrency, which is also its limit. */
  readonly concurrency: number;
  readonly trigger: Trigger;
}

/**
 * The Lambda functions of a deployment, one row each. Bundling, both deployments, logging and metrics read this table. A new function is a
 * row here, a file in `functions/`, its statements in infra/constructs/permissions.ts, the deployments that have it in
 * infra/deployed-functions.ts, and its setting `<NAME>_CONCURRENCY`; the compiler reports what is missing.
 */
export const FUNCTIONS = {
  receiver: {
    description: 'Verifies a Bitbucket delivery and refreshes the Warehouses or Promotions that it affects',
    /** Bitbucket Cloud times out after 10 s. */
    timeoutSeconds: 10,
    /** Limits the load that anyone on the internet can cause on the cluster API and Secrets Manager; no team sends as many deliveries. */
    concurrency: 20,
    trigger: { kind: 'http' },
  },
  reconciler: {
    description:
      'Keeps the URLs in the statuses of ProjectConfigs and the ClusterConfig, and the routes, right',
    /** A run ends before the next one starts. */
    timeoutSeconds: 55,
    /** Two concurrent runs would write the same statuses and routes. */
    concurrency: 1,
    trigger: { kind: 'schedule', rate: 'rate(1 minute)' },
  },
  redelivery: {
    description: 'Does what the receiver could not finish, from the retry queue',
    timeoutSeconds: 30,
    /** The least that Lambda takes for a queue. The cluster gets what two deliveries cause, however many events wait. */
    concurrency: 2,
    /** Ten is the most that is received with one request. */
    trigger: { kind: 'queue', batchSize: 10 },
  },
  registrar: {
    description: "Keeps the receivers' webhooks in Bitbucket as declared",
    /** A run ends before the next one starts. */
    timeoutSeconds: 270,
    /** Two concurrent runs would create the same webhooks twice. */
    concurrency: 1,
    trigger: { kind: 'schedule', rate: 'rate(5 minutes)' },
  },
} as const satisfies Readonly<Record<string, FunctionFacts>>;

/** The name of a function's file, and the end of its name in AWS. */
export type FunctionName = keyof typeof FUNCTIONS;

/** The names of all functions. */
export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as FunctionName[];

/** Namespace of the metrics that the functions emit. */
export const METRICS_NAMESPACE = 'KargoFrontDoor';

/**
 * Returns the name under which a function logs and emits metrics: its name in AWS, so that two deployments never share one.
 *
 * @param deploymentName - Default: that of the local run
 */
export function serviceNameOf(name: FunctionName, deploymentName = 'kargo-front-door'): string {
  return `${deploymentName}-${name}`;
}
