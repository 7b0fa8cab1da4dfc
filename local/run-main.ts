import { LocalError } from './local-settings.ts';

/**
 * Runs a program of this folder. A `LocalError` ends it with one line on standard error and exit code 1.
 *
 * @param start - returns the function that stops the program; it is called once, at SIGINT, SIGTERM or SIGHUP, or when the
 *   parent process ends
 */
export async function runMain(start: () => Promise<() => Promise<void>>): Promise<void> {
  try {
    const stop = await start();
    let stopping: Promise<void> | undefined;
    const stopOnce = (): void => void (stopping ??= stop().finally(() => process.exit(0)));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopOnce);
    process.on('disconnect', stopOnce);
  } catch (error) {
    console.error(describeError(error));
    process.exit(1);
  }
}

function describeError(error: unknown): string {
  if (error instanceof LocalError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `${error.message}. Stop the program that uses it, or set PORT, CLUSTER_PORT, SECRETS_PORT, REGISTRY_PORT, QUEUE_PORT or BITBUCKET_PORT.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
