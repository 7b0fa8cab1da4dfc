/** The runtime of every function. */
export const RUNTIME = 'nodejs24.x';

/** The route of `ROUTES=shared`; per receiver, the last part is the receiver's own hash. */
export const SHARED_ROUTE_PATH = '/bitbucket/{hash}';

/** Configuration of a team that chooses nothing. */
export const DEFAULTS = {
  routes: 'per-receiver',
  secretNameTemplate: 'kargo/{namespace}/{name}',
  systemResourcesNamespace: 'kargo-system-resources',
  rotationGraceHours: 168,
  maxReceiversPerProject: 20,
  kubeconfigSecret: 'kargo-front-door/kubeconfig',
  memorySize: 512,
  vpcEndpoints: 'false',
  canary: 'false',
  retryQueue: 'true',
  retryMaxAgeHours: 6,
  logRetentionDays: 90,
  /** Logs are evidence: they outlive the stack unless a team decides otherwise. */
  logRemoval: 'retain',
  logLevel: 'INFO',
} as const;
