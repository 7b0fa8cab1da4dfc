import { devNull } from 'node:os';

/** The settings of `npm start`, `npm run send` and `npm run fake`, in addition to the functions' own. */
export interface LocalSettings {
  readonly port: number;
  readonly clusterPort: number;
  readonly secretsPort: number;
  readonly registryPort: number;
  readonly queuePort: number;
  readonly bitbucketPort: number;
  readonly reconcileMs: number;
  /** Path of a kubeconfig; undefined to use the fake Kubernetes API. */
  readonly kubeconfig: string | undefined;
  /** Undefined to use the fake Secrets Manager. */
  readonly awsEndpointUrl: string | undefined;
  /** Undefined to use the fake registry. */
  readonly registryUrl: string | undefined;
  /** A registry is set and no cluster: neither Kargo nor its fake cluster is used. */
  readonly hasRegistryAlone: boolean;
  /** Undefined to use the queue of the fake SQS; empty for no queue. */
  readonly retryQueueUrl: string | undefined;
  /** Whether the registrar runs, too. */
  readonly hasRegistrar: boolean;
  /** Whether it uses the fake Bitbucket. */
  readonly usesFakeBitbucket: boolean;
}

/** An error that the user can correct: reported in one line, without a stack. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
}

const CLUSTER_SETTINGS = ['KUBECONFIG', 'KUBECONFIG_SECRET_ID', 'EKS_CLUSTER_NAME'];
/** Name of the queue in the fake SQS. */
export const LOCAL_QUEUE = 'retries';

/** Name of the secret in the fake Secrets Manager that holds the copy of the receivers. */
export const LOCAL_RECEIVERS_SECRET = 'kargo-front-door/receivers';

const LOCAL_QUEUE_PATH = `/000000000000/${LOCAL_QUEUE}`;

/** @throws {LocalError} with every invalid setting */
export function readLocalSettings(environment: NodeJS.ProcessEnv): LocalSettings {
  const faults: string[] = [];
  const readNumber = (name: string, fallback: number, rule: string, isValid: (n: number) => boolean) => {
    const text = environment[name] || String(fallback);
    if (!isValid(Number(text))) faults.push(`${name} must be ${rule}, not "${text}"`);
    return Number(text);
  };
  const isPort = (n: number): boolean => Number.isInteger(n) && n > 0 && n < 65_536;
  const hasRegistrar = Boolean(environment['BITBUCKET_CREDENTIALS_SECRET_ID']);
  const awsEndpointUrl = environment['AWS_ENDPOINT_URL'] || undefined;
  const settings = {
    port: readNumber('PORT', 3000, 'a port', isPort),
    clusterPort: readNumber('CLUSTER_PORT', 3001, 'a port', isPort),
    secretsPort: readNumber('SECRETS_PORT', 3002, 'a port', isPort),
    queuePort: readNumber('QUEUE_PORT', 3004, 'a port', isPort),
    reconcileMs: readNumber('RECONCILE_SECONDS', 5, 'a number of seconds above 0', (n) => n > 0) * 1_000,
    kubeconfig: environment['KUBECONFIG'] || undefined,
    registryPort: readNumber('REGISTRY_PORT', 3003, 'a port', isPort),
    bitbucketPort: readNumber('BITBUCKET_PORT', 3005, 'a port', isPort),
    awsEndpointUrl,
    registryUrl: environment['CARGOMAN_URL'] || undefined,
    hasRegistryAlone:
      Boolean(environment['CARGOMAN_URL']) && !CLUSTER_SETTINGS.some((name) => environment[name]),
    hasRegistrar,
    // The credentials of another Secrets Manager are those of a real Bitbucket.
    usesFakeBitbucket:
      hasRegistrar && awsEndpointUrl === undefined && !environment['BITBUCKET_CLOUD_API_URL'],
    retryQueueUrl: environment['RETRY_QUEUE_URL'],
  };
  const { port, clusterPort, secretsPort, registryPort, queuePort, bitbucketPort } = settings;
  const ports = [port, clusterPort, secretsPort, registryPort, queuePort, bitbucketPort];
  if (faults.length === 0 && new Set(ports).size < ports.length)
    faults.push('PORT, CLUSTER_PORT, SECRETS_PORT, REGISTRY_PORT, QUEUE_PORT and BITBUCKET_PORT must differ');
  if (faults.length > 0) throw new LocalError(faults.join('; '));
  return settings;
}

/**
 * Returns the environment with which the functions, and the AWS SDK in this process, use what `npm start` serves. With the fake Secrets Manager
 * nothing of AWS in the shell counts: a profile, a session or an endpoint of one service would lead elsewhere.
 */
export function localEnvironment(settings: LocalSettings, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...(settings.awsEndpointUrl === undefined
      ? { ...withoutAws(env), ...fakeAwsEnvironment(settings), RECEIVERS_SECRET_ID: LOCAL_RECEIVERS_SECRET }
      : { ...env, AWS_REGION: env['AWS_REGION'] || 'us-east-1' }),
    RECEIVER_BASE_URL: env['RECEIVER_BASE_URL'] || `http://127.0.0.1:${settings.port}`,
    POWERTOOLS_METRICS_DISABLED: env['POWERTOOLS_METRICS_DISABLED'] || 'true',
    ...(settings.usesFakeBitbucket && {
      BITBUCKET_CLOUD_API_URL: `http://127.0.0.1:${settings.bitbucketPort}`,
    }),
    // The fake registry accepts any token, and none.
    ...(settings.registryUrl === undefined && {
      CARGOMAN_URL: `http://127.0.0.1:${settings.registryPort}`,
      CARGOMAN_TOKEN_SECRET_ID: '',
    }),
    ...(settings.retryQueueUrl === undefined && {
      RETRY_QUEUE_URL: `http://127.0.0.1:${settings.queuePort}${LOCAL_QUEUE_PATH}`,
      AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${settings.queuePort}`,
    }),
  };
}

/** Applies {@link localEnvironment} to this process. */
export function applyLocalEnvironment(settings: LocalSettings): void {
  const environment = localEnvironment(settings, process.env);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
}

function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}

function fakeAwsEnvironment({ secretsPort }: LocalSettings): NodeJS.ProcessEnv {
  return {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${secretsPort}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    // Profiles in the user's own files may name endpoints and credentials too.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
  };
}
