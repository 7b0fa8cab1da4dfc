import {
  createConfiguration,
  CustomObjectsApi,
  ServerConfiguration,
  type KubeConfig,
  type RequestContext,
  type SecurityAuthentication,
} from '@kubernetes/client-node';
import type { ClusterCredentials } from './cluster-credentials.ts';

/** The one connection to the cluster API, kept between invocations. */
export class ClusterConnection {
  readonly #credentials: ClusterCredentials;
  #api: Promise<CustomObjectsApi> | undefined;

  constructor(credentials: ClusterCredentials) {
    this.#credentials = credentials;
  }

  /** Gives the client, made at the first call. Raises what the credentials raise; the next call tries again. */
  async api(signal: AbortSignal): Promise<CustomObjectsApi> {
    this.#api ??= this.#credentials(signal).then(connect);
    try {
      return await this.#api;
    } catch (error) {
      this.#api = undefined;
      throw error;
    }
  }

  /** Lets go of `stale`, whose credentials the cluster no longer takes: the next call reads them anew. */
  renew(stale: CustomObjectsApi): void {
    const current = this.#api;
    void current?.then((api) => {
      if (api === stale && this.#api === current) this.#api = undefined;
    });
  }
}

function connect(kubeconfig: KubeConfig): CustomObjectsApi {
  const server = kubeconfig.getCurrentCluster()?.server ?? '';
  return new CustomObjectsApi(
    createConfiguration({
      baseServer: new ServerConfiguration(server.replace(/\/$/, ''), {}),
      authMethods: { default: new PooledAuthentication(kubeconfig) },
    }),
  );
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
