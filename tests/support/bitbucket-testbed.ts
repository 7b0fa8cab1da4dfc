import { startFakeCloud, type FakeCloud } from '../../local/fakes/bitbucket/fake-cloud.ts';
import {
  startFakeDataCenter,
  type FakeDataCenter,
  type FakeDataCenterOptions,
} from '../../local/fakes/bitbucket/fake-data-center.ts';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { coldRegistrar } from './cold-functions.ts';
import { lambdaContext } from './deliver.ts';
import { projectConfig, warehouse } from './kargo-objects.ts';
import { LoopbackProxy } from './loopback-proxy.ts';
import { startTestbed, type Testbed, type TestbedOptions } from './testbed.ts';

export const BASE = 'https://hooks.example.com/kargo';
export const CREDENTIALS_SECRET = 'kargo-front-door/bitbucket';

export interface BitbucketTestbedOptions extends TestbedOptions {
  readonly cloud?: Partial<FakeDataCenterOptions>;
  readonly dataCenter?: Partial<FakeDataCenterOptions>;
  /** Replaces the credentials: one bearer token for both. */
  readonly credentials?: (dataCenterUrl: string) => readonly object[];
}

/** A testbed with fakes of Bitbucket. Functions use the proxies `cloudApi` and `dataCenterApi`. */
export interface BitbucketTestbed extends Testbed {
  readonly cloud: FakeCloud;
  readonly dataCenter: FakeDataCenter;
  readonly cloudApi: LoopbackProxy;
  readonly dataCenterApi: LoopbackProxy;
  /** Runs the reconciler and then the registrar, both after a cold start. */
  register(): Promise<unknown>;
  /** Returns status, reason and message of the registrar's condition; undefined where there is none. */
  condition(project?: string): Promise<readonly string[] | undefined>;
  /** Declares the webhooks of project demo; null removes the annotation. */
  annotate(webhooks: string | null): Promise<void>;
  /** Returns a Warehouse of project demo that subscribes to the repository of Data Center. */
  webWarehouse(): KubernetesObject;
}

export const TOKEN = { authorization: 'Bearer token' };

/** Starts the fakes: by default Cloud with acme/shop and Data Center with SHOP/web, and a token that may do everything. */
export async function startBitbucketTestbed(
  options: BitbucketTestbedOptions = {},
): Promise<BitbucketTestbed> {
  const cloud = await startFakeCloud({
    port: 0,
    repositories: ['acme/shop'],
    tokens: [TOKEN],
    ...options.cloud,
  });
  const dataCenter = await startFakeDataCenter({
    port: 0,
    repositories: ['SHOP/web'],
    tokens: [TOKEN],
    ...options.dataCenter,
  });
  const cloudApi = new LoopbackProxy(cloud.url);
  const dataCenterApi = new LoopbackProxy(dataCenter.url);
  await Promise.all([cloudApi.start(), dataCenterApi.start()]);
  const credentials = options.credentials?.(dataCenterApi.url) ?? [
    { GIT_AUTH_TOKEN: 'token' },
    { BITBUCKET_URL: dataCenterApi.url, GIT_AUTH_TOKEN: 'token' },
  ];
  const testbed = await startTestbed({
    ...options,
    secrets: {
      'kargo/demo/bitbucket': 's3cret',
      ...options.secrets,
      [CREDENTIALS_SECRET]: JSON.stringify(credentials),
    },
    settings: {
      BITBUCKET_CREDENTIALS_SECRET_ID: CREDENTIALS_SECRET,
      BITBUCKET_CLOUD_API_URL: cloudApi.url,
      ...options.settings,
    },
  });
  return {
    ...testbed,
    cloud,
    dataCenter,
    cloudApi,
    dataCenterApi,
    register: async () => {
      await testbed.reconcile();
      return (await coldRegistrar())({}, lambdaContext({ remainingMs: 60_000 }));
    },
    condition: async (name = 'demo') => {
      const { status } = await testbed.objects.get('ProjectConfig', name, name);
      const { conditions = [] } = (status ?? {}) as { conditions?: Record<string, string>[] };
      const found = conditions.find(({ type }) => type === 'BitbucketWebhooksReady');
      return found && [found['status'] ?? '', found['reason'] ?? '', found['message'] ?? ''];
    },
    annotate: (webhooks) =>
      testbed.objects.patch(projectConfig('demo', []), {
        metadata: { annotations: { 'kargo-front-door/webhooks': webhooks } },
      }),
    webWarehouse: () => warehouse('demo', 'web', { repoURL: `${dataCenterApi.url}/scm/shop/web.git` }),
    close: async () => {
      await testbed.close();
      await Promise.all([cloudApi.stop(), dataCenterApi.stop(), cloud.close(), dataCenter.close()]);
    },
  };
}

/** Adds the annotation that declares webhooks to a project's ProjectConfig. */
export function annotated(objects: readonly KubernetesObject[], webhooks: string): KubernetesObject[] {
  return objects.map((object) =>
    object.kind === 'ProjectConfig' || object.kind === 'ClusterConfig'
      ? {
          ...object,
          metadata: { ...object.metadata, annotations: { 'kargo-front-door/webhooks': webhooks } },
        }
      : object,
  );
}
