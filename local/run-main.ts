import { LocalError } from './local-settings.ts';

/** The settings that move a port that is in use. */
const PORT_SETTINGS = 'PORT, CLUSTER_PORT or SECRETS_PORT';

/**
 * Runs a program of this folder: `start` gives what ends it, which is called once at Ctrl-C, at SIGTERM, or when the process that
 * started it goes away. What a person has to mend ends it with one line on standard error and code 1.
 */
export async function runMain(start: () => Promise<() => Promise<void>>): Promise<void> {
  try {
    const end = await start();
    let isEnding = false;
    const endOnce = (): void => {
      if (isEnding) return;
      isEnding = true;
      void end().finally(() => process.exit(0));
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endOnce);
    process.on('disconnect', endOnce);
  } catch (error) {
    console.error(describe(error));
    process.exit(1);
  }
}

function describe(error: unknown): string {
  if (error instanceof LocalError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `port ${String('port' in error ? error.port : '')} is in use: end what listens there, or set ${PORT_SETTINGS}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
