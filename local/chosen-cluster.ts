import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { LocalError, type LocalSettings } from './local-settings.ts';

/** A cluster of a kubeconfig, as the user chose it. */
export interface ChosenCluster {
  /** Its current context is the chosen one. */
  readonly kubeconfig: KubeConfig;
  readonly context: string;
  readonly server: string;
  /** True when `--cluster` names the context. */
  readonly isNamed: boolean;
}

/**
 * Chooses a context of a kubeconfig: the named one or, if it is on this machine, the current one. A cluster elsewhere is never
 * chosen because `KUBECONFIG` happens to be exported.
 *
 * @param text - the kubeconfig
 * @param source - names the kubeconfig in errors
 * @throws {LocalError} when there is no such context, or the current one is elsewhere
 */
export function chooseCluster(text: string, source: string, named?: string): ChosenCluster {
  const kubeconfig = new KubeConfig();
  try {
    kubeconfig.loadFromString(text);
  } catch (cause) {
    throw new LocalError(`${source} is not a kubeconfig: ${(cause as Error).message}`, { cause });
  }
  const context = named ?? kubeconfig.getCurrentContext() ?? '';
  kubeconfig.setCurrentContext(context);
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster?.server) {
    const contexts = kubeconfig.getContexts().map(({ name }) => name);
    throw new LocalError(
      `${source} has no context "${context}" with a cluster. Its contexts: ${contexts.join(', ')}`,
    );
  }
  const { server, proxyUrl } = cluster;
  if (named === undefined && (!isLoopback(server) || proxyUrl !== undefined)) {
    throw new LocalError(
      `KUBECONFIG selects context "${context}" (${server}), which is not on this machine. ` +
        `To use that cluster: npm start -- --cluster ${context}. To use the fake cluster: unset KUBECONFIG.`,
    );
  }
  return { kubeconfig, context, server, isNamed: named !== undefined };
}

/**
 * Reads the cluster that `KUBECONFIG` and the arguments of `npm start` choose. Returns undefined for the fake.
 *
 * @throws {LocalError} as {@link chooseCluster}, for unknown arguments, and for a kubeconfig that cannot be read
 */
export function readChosenCluster(
  { kubeconfig }: LocalSettings,
  args: readonly string[],
): ChosenCluster | undefined {
  const named = readClusterOption(args);
  if (kubeconfig === undefined && named === undefined) return undefined;
  const path = kubeconfig ?? join(homedir(), '.kube', 'config');
  if (path.includes(delimiter)) {
    const files = path.split(delimiter).join(', ');
    throw new LocalError(`KUBECONFIG names several files (${files}). Set it to the one with the cluster.`);
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const fact = code === 'ENOENT' ? `there is no file ${path}` : message;
    throw new LocalError(
      `the kubeconfig cannot be read: ${fact}. Correct KUBECONFIG, or unset it to use the fake cluster.`,
      { cause },
    );
  }
  const chosen = chooseCluster(text, path, named);
  chosen.kubeconfig.makePathsAbsolute(dirname(path));
  return chosen;
}

/** Returns a kubeconfig for a cluster API on loopback, which needs no TLS. */
export function loopbackKubeconfig(server: string, token: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromClusterAndUser({ name: 'local', server, skipTLSVerify: true }, { name: 'local', token });
  return kubeconfig;
}

function readClusterOption(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { cluster: { type: 'string' } } }).values.cluster;
  } catch (cause) {
    throw new LocalError(`${(cause as Error).message}\n\nnpm start [-- --cluster CONTEXT]`, { cause });
  }
}

function isLoopback(server: string): boolean {
  const host = URL.canParse(server) ? new URL(server).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
