import { setTimeout as sleep } from 'node:timers/promises';
import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node';
import { REFRESH_ANNOTATION } from '../lib/adapters/kubernetes/refreshable-objects.ts';

/** A person waits for the answer. */
const ANSWER_TIMEOUT_MS = 5_000;
const KARGO = { group: 'kargo.akuity.io', version: 'v1alpha1' };

/** A Bitbucket receiver that has a URL. `project` is empty for a receiver of the ClusterConfig. */
export interface PublishedReceiver {
  readonly project: string;
  readonly name: string;
  readonly secretName: string;
  readonly url: string;
}

/** The fields of Kargo's objects that this folder reads. */
interface ListedObject {
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  readonly spec?: { webhookReceivers?: { name: string; bitbucket?: { secretRef: { name: string } } }[] };
  readonly status?: { webhookReceivers?: { name: string; url: string }[] };
}

/** Reads the Bitbucket receivers that have a URL in their status. */
export async function listPublishedReceivers(kubeconfig: KubeConfig): Promise<PublishedReceiver[]> {
  const configs = await listObjects(kubeconfig, 'projectconfigs', 'clusterconfigs');
  return configs.flatMap(({ metadata, spec, status }) =>
    (spec?.webhookReceivers ?? []).flatMap(({ name, bitbucket }) => {
      const url = status?.webhookReceivers?.find((entry) => entry.name === name)?.url;
      if (bitbucket === undefined || url === undefined) return [];
      return [{ project: metadata.namespace ?? '', name, secretName: bitbucket.secretRef.name, url }];
    }),
  );
}

/** Reads every refresh annotation, by the object that has it, such as `Warehouse demo/shop`. */
export async function listRefreshes(kubeconfig: KubeConfig): Promise<Map<string, string>> {
  const objects = await listObjects(kubeconfig, 'warehouses', 'promotions');
  return new Map(
    objects.flatMap(({ kind, metadata }) => {
      const refresh = metadata.annotations?.[REFRESH_ANNOTATION];
      return refresh === undefined ? [] : [[`${kind} ${metadata.namespace}/${metadata.name}`, refresh]];
    }),
  );
}

async function listObjects(kubeconfig: KubeConfig, ...plurals: readonly string[]): Promise<ListedObject[]> {
  const api = kubeconfig.makeApiClient(CustomObjectsApi);
  const lists = Promise.all(plurals.map((plural) => api.listClusterCustomObject({ ...KARGO, plural })));
  const answered = await Promise.race([lists, sleep(ANSWER_TIMEOUT_MS, undefined, { ref: false })]);
  if (answered === undefined) throw new Error('the cluster API did not answer in time');
  return answered.flatMap((list) => list.items as ListedObject[]);
}
