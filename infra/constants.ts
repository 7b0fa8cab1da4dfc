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
  logRetentionDays: 90,
  /** Logs are evidence: they outlive the stack unless a team decides otherwise. */
  logRemoval: 'retain',
  logLevel: 'INFO',
} as const;

/** How both deployments bundle a function. */
export const ESBUILD_OPTIONS = {
  bundle: true,
  minify: true,
  sourcemap: true,
  /** The map names files and lines; the text of the sources would treble the download. */
  sourcesContent: false,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // What is bundled from CommonJS still calls `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
} as const;
