/** What `npm start` reads from the environment, besides the functions' own settings. */
export interface LocalSettings {
  readonly port: number;
  readonly clusterPort: number;
  readonly secretsPort: number;
  readonly reconcileMs: number;
  /** Undefined where the fake cluster is to be started. */
  readonly kubeconfig: string | undefined;
  /** Undefined where the fake secret store is to be started. */
  readonly awsEndpointUrl: string | undefined;
}

/** What a person has to mend; one line, without a stack. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
}

/** Reads the settings of the local run. Raises `LocalError` that names everything wrong. */
export function readLocalSettings(environment: NodeJS.ProcessEnv): LocalSettings {
  const faults: string[] = [];
  const number = (
    name: string,
    fallback: number,
    isRight: (value: number) => boolean,
    rule: string,
  ): number => {
    const text = environment[name] || String(fallback);
    const value = Number(text);
    if (!isRight(value)) faults.push(`${name} must be ${rule}, not "${text}"`);
    return value;
  };
  const isPort = (value: number): boolean => Number.isInteger(value) && value > 0 && value < 65_536;
  const settings = {
    port: number('PORT', 3000, isPort, 'a port'),
    clusterPort: number('CLUSTER_PORT', 3001, isPort, 'a port'),
    secretsPort: number('SECRETS_PORT', 3002, isPort, 'a port'),
    reconcileMs: number('RECONCILE_SECONDS', 5, (value) => value > 0, 'a number of seconds above 0') * 1000,
    kubeconfig: environment['KUBECONFIG'] || undefined,
    awsEndpointUrl: environment['AWS_ENDPOINT_URL'] || undefined,
  };
  const ports = new Set([settings.port, settings.clusterPort, settings.secretsPort]);
  if (faults.length === 0 && ports.size < 3) faults.push('PORT, CLUSTER_PORT and SECRETS_PORT must differ');
  if (faults.length > 0) throw new LocalError(faults.join('; '));
  return settings;
}
