import {
  startFakeRegistry,
  type FakeRegistry,
  type FakeRegistryOptions,
  type ListedPackage,
} from '../../local/fakes/registry/fake-registry.ts';
import { LoopbackProxy } from './loopback-proxy.ts';
import { startTestbed, type Testbed, type TestbedOptions } from './testbed.ts';

export const REGISTRY_TOKEN = 'registry-token-that-no-log-may-hold';

/** A testbed whose functions also have a package registry, behind a proxy. */
export interface RegistryTestbed extends Testbed {
  readonly registry: FakeRegistry;
  readonly registryProxy: LoopbackProxy;
  /** Returns the syncs since the last call, sorted: `acme/shop`, or `acme/shop as monorepo`. */
  takeSyncs(): string[];
}

export interface RegistryTestbedOptions extends TestbedOptions {
  readonly registry?: Partial<FakeRegistryOptions>;
  /** False: no setting names a cluster. */
  readonly hasCluster?: boolean;
}

/** Starts the fakes, the registry's among them, and sets the environment for functions that are loaded afterwards. */
export async function startRegistryTestbed(options: RegistryTestbedOptions = {}): Promise<RegistryTestbed> {
  const registry = await startFakeRegistry({
    port: 0,
    packages: [shop],
    token: REGISTRY_TOKEN,
    ...options.registry,
  });
  const registryProxy = new LoopbackProxy(registry.url);
  await registryProxy.start();
  const testbed = await startTestbed({
    ...options,
    secrets: { 'kargo-front-door/registry-token': REGISTRY_TOKEN, ...options.secrets },
    settings: {
      CARGOMAN_URL: registryProxy.url,
      CARGOMAN_TOKEN_SECRET_ID: 'kargo-front-door/registry-token',
      ...(options.hasCluster === false && { KUBECONFIG: '' }),
      ...options.settings,
    },
  });
  return {
    ...testbed,
    registry,
    registryProxy,
    takeSyncs: () => {
      const syncs = registry.requests.flatMap((request) => {
        const [, name, monorepo] = /^POST \/api\/v1\/packages\/(.+?)(\/monorepo)?\/sync$/.exec(request) ?? [];
        return name === undefined ? [] : [`${name}${monorepo === undefined ? '' : ' as monorepo'}`];
      });
      registry.requests.length = 0;
      return syncs.toSorted();
    },
    close: async () => {
      await testbed.close();
      await Promise.all([registryProxy.stop(), registry.close()]);
    },
  };
}

const shop: ListedPackage = {
  name: 'acme/shop',
  repository_url: 'https://bitbucket.org/acme/shop.git',
  type: 'bitbucket',
};

/** Returns 45 packages. Three come from acme/shop of Cloud, one of them as a monorepo; two from SHOP/web of Data Center. */
export function manyPackages(): ListedPackage[] {
  const special: Readonly<Record<number, Partial<ListedPackage>>> = {
    1: { name: 'acme/shop', repository_url: 'git@bitbucket.org:acme/shop.git' },
    22: { name: 'acme/shop-suite', repository_url: 'https://bitbucket.org/acme/shop', type: 'monorepo' },
    44: { name: 'acme/shop-relative', repository_url: 'acme/shop' },
    23: { name: 'acme/web', repository_url: 'ssh://git@git.acme.example:7999/shop/web.git' },
    43: { name: 'acme/web-http', repository_url: 'https://git.acme.example/scm/SHOP/web.git' },
    10: { name: 'acme/uploaded', repository_url: null, type: 'artifact' },
  };
  return Array.from({ length: 45 }, (_, index) => ({
    name: `acme/package-${index}`,
    repository_url: `https://bitbucket.org/acme/package-${index}.git`,
    type: 'bitbucket',
    ...special[index],
  }));
}
