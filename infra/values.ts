/**
 * What both deployments are made of: the CDK construct and serverless.yml take every value from here, so that a change reaches both.
 * What a team may choose is in deployment.ts; its defaults are here too.
 */
export const values = {
  runtime: 'nodejs24.x',
  architecture: 'arm64',

  receiver: {
    handler: 'functions/receiver.handler',
    description: 'Checks a Bitbucket delivery and refreshes the Warehouses or Promotions that it affects',
    /** Bitbucket Cloud gives up after 10 s. */
    timeoutSeconds: 10,
  },
  reconciler: {
    handler: 'functions/reconciler.handler',
    description:
      'Keeps the URLs in the statuses of ProjectConfigs and the ClusterConfig, and the routes, right',
    /** A run ends before the next one begins. */
    timeoutSeconds: 55,
    schedule: 'rate(1 minute)',
    /** A failed run is not tried again: the next one does the same work. */
    retryAttempts: 0,
    /** The least that Lambda allows: a run that could not begin within a minute is no longer of use. */
    maximumEventAgeSeconds: 60,
  },

  api: {
    description: 'Receives the webhooks of Bitbucket for Kargo',
    /** The route of `ROUTES=shared`; per receiver, the last part is the receiver's own hash. */
    sharedRoutePath: '/bitbucket/{hash}',
    /** One second more than the receiver has, so that its own answer wins. */
    integrationTimeoutMs: 11_000,
    /** The default of each route. Bitbucket sends one delivery a push: this is far above any team's pace, and far below the account's. */
    throttlingRateLimit: 20,
    throttlingBurstLimit: 40,
    /** No header and no body: a signature never reaches a log. */
    accessLogFormat: {
      requestId: '$context.requestId',
      time: '$context.requestTime',
      sourceIp: '$context.identity.sourceIp',
      route: '$context.routeKey',
      status: '$context.status',
      responseLatency: '$context.responseLatency',
      integrationStatus: '$context.integrationStatus',
      integrationError: '$context.integrationErrorMessage',
    },
  },

  /** The functions' own, where a team gives none: it calls out on `port`, and nobody calls it. */
  securityGroup: {
    port: 443,
    description: 'The functions',
    egressDescription: 'Cluster API and AWS APIs',
  },

  /** As lib/adapters/observability/metrics.ts emits them. */
  metrics: {
    namespace: 'KargoFrontDoor',
    receiverService: 'kargo-front-door-receiver',
  },

  alarms: {
    periodSeconds: 300,
    /** One bad run a minute may be a restart of the cluster's API; three of five are not. */
    reconcilerErrors: { periodSeconds: 60, threshold: 1, evaluationPeriods: 5, datapointsToAlarm: 3 },
    /** Five runs are due in five minutes. */
    reconcilerSilent: { threshold: 1 },
    receiverErrors: { threshold: 1 },
    serverErrors: { threshold: 1 },
    /** A single one is a mistyped secret, which Bitbucket shows to its owner; ten are worth a look. */
    signatureFailures: { threshold: 10 },
  },

  /** What a team gets that chooses nothing. */
  defaults: {
    routes: 'per-receiver',
    secretPrefix: 'kargo/',
    systemResourcesNamespace: 'kargo-system-resources',
    rotationGraceHours: 168,
    kubeconfigSecret: 'kargo-front-door/kubeconfig',
    memorySize: 512,
    logRetentionDays: 90,
    logLevel: 'INFO',
  },

  /** Kubernetes groups that infra/rbac binds to what each function may do. */
  kubernetesGroups: {
    receiver: 'kargo-front-door:receiver',
    reconciler: 'kargo-front-door:reconciler',
  },

  esbuild: {
    bundle: true,
    minify: true,
    sourcemap: true,
    /** The map names files and lines; the text of the sources would treble the download. */
    sourcesContent: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // What is bundled from CommonJS still asks for `require`.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  },
} as const;

/** The functions that are deployed. */
export type FunctionId = 'receiver' | 'reconciler';
