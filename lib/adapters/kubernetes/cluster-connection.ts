import {
  createConfiguration,
  CustomObjectsApi,
  ServerConfiguration,
  type KubeConfig,
  type RequestContext,
  type SecurityAuthentication,
} from '@kubernetes/client-node';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterAccess, ClusterCredentials } from './cluster-access.ts';

export interface ConnectionOptions {
  /** How long one attempt at a request may take, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** Is told how long each attempt took, in milliseconds. */
  readonly noteLatency?: (milliseconds: number) => void;
}

/** The one connection to the cluster API, kept between invocations. */
export class ClusterConnection {
  readonly attemptTimeoutMs: number;
  readonly #noteLatency: (milliseconds: number) => void;
  readonly #credentials: ClusterCredentials;
  #current: Promise<Connected> | undefined;

  constructor(credentials: ClusterCredentials, { attemptTimeoutMs, noteLatency }: ConnectionOptions) {
    this.#credentials = credentials;
    this.attemptTimeoutMs = attemptTimeoutMs;
    this.#noteLatency = noteLatency ?? (() => undefined);
  }

  /** Waits for a request that was sent and notes how long it took. Raises what the request raises. */
  async timed<T>(request: Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await request;
    } finally {
      this.#noteLatency(performance.now() - start);
    }
  }

  /** Gives the client; credentials that end are renewed in time. Raises `RetryableError` where there are none; the next call tries again. */
  async api(signal: AbortSignal): Promise<CustomObjectsApi> {
    const connecting = (this.#current ??= this.#credentials(signal).then(connect));
    try {
      const connected = await connecting;
      if (connected.renewAt === undefined || new Date() < connected.renewAt) return connected.api;
    } catch (error) {
      this.#letGo(connecting);
      if (error instanceof RetryableError) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw new RetryableError('cluster API not configured', { cause: error, detail });
    }
    this.#letGo(connecting);
    return this.api(signal);
  }

  /** Lets go of `stale`, whose credentials the cluster no longer takes: the next call reads them anew. */
  async renew(stale: CustomObjectsApi): Promise<void> {
    const connecting = this.#current;
    if (connecting !== undefined && (await connecting).api === stale) this.#letGo(connecting);
  }

  #letGo(connecting: Promise<Connected>): void {
    if (this.#current === connecting) this.#current = undefined;
  }
}

interface Connected {
  readonly api: CustomObjectsApi;
  readonly renewAt: Date | undefined;
}

function connect({ kubeconfig, renewAt }: ClusterAccess): Connected {
  const server = kubeconfig.getCurrentCluster()?.server ?? '';
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server.replace(/\/$/, ''), {}),
    authMethods: { default: new PooledAuthentication(kubeconfig) },
  });
  return { api: new CustomObjectsApi(configuration), renewAt };
}

/**
 * A kubeconfig's authentication, with one pool of connections for all requests. The library makes a new pool for each, which costs a
 * TLS handshake a request and leaves the old sockets open.
 */
class PooledAuthentication implements SecurityAuthentication {
  readonly #kubeconfig: KubeConfig;
  #dispatcher: ReturnType<RequestContext['getDispatcher']>;

  constructor(kubeconfig: KubeConfig) {
    this.#kubeconfig = kubeconfig;
  }

  getName(): string {
    return this.#kubeconfig.getName();
  }

  async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await this.#kubeconfig.applySecurityAuthentication(context);
    this.#dispatcher ??= context.getDispatcher();
    if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher);
  }
}
