import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { callApi, type ApiRequest, type ApiTarget } from '../api-client.ts';

/** The API server usually uses a registration within a tenth of a second. */
const REGISTERED_WITHIN_MS = 60_000;

const POLL_MS = 20;

/** Kargo's own namespace. */
const NAMESPACE = 'kargo';

/** Label of a namespace for which the webhooks are not called, as in a cluster without Kargo. */
export const WITHOUT_WEBHOOKS = { 'kargo-webhooks': 'off' };

/** Path of each webhook, by plural name of its kind. */
const RESOURCES = { warehouses: 'warehouse', promotions: 'promotion' };

/**
 * Registers the webhooks under `url` as Kargo's chart does, and waits until the API server calls them.
 *
 * @param areCalled - returns whether all webhooks of a Warehouse have been called
 * @throws {Error} where the API server rejects a request, or does not call the webhooks in time
 */
export async function registerWebhooks(
  target: ApiTarget,
  url: string,
  areCalled: () => boolean,
): Promise<void> {
  const path = '/apis/admissionregistration.k8s.io/v1';
  await send(target, {
    method: 'POST',
    path: `${path}/mutatingwebhookconfigurations`,
    body: configuration('MutatingWebhookConfiguration', `${url}/mutate`, target.ca),
  });
  await send(target, {
    method: 'POST',
    path: `${path}/validatingwebhookconfigurations`,
    body: configuration('ValidatingWebhookConfiguration', `${url}/validate`, target.ca),
  });
  await waitForCalls(target, areCalled);
}

function configuration(kind: string, url: string, ca = ''): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: 'kargo' },
    webhooks: Object.entries(RESOURCES).map(([plural, singular]) => ({
      name: `${singular}.kargo.akuity.io`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { url: `${url}/${singular}`, caBundle: Buffer.from(ca).toString('base64') },
      rules: [
        {
          scope: 'Namespaced',
          apiGroups: ['kargo.akuity.io'],
          apiVersions: ['v1alpha1'],
          resources: [plural],
          operations: ['UPDATE'],
        },
      ],
      namespaceSelector: {
        matchExpressions: Object.entries(WITHOUT_WEBHOOKS).map(([key, value]) => ({
          key,
          operator: 'NotIn',
          values: [value],
        })),
      },
      failurePolicy: 'Fail',
    })),
  };
}

/** Updates a Warehouse in dry runs until all its webhooks have been called. */
async function waitForCalls(target: ApiTarget, areCalled: () => boolean): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await send(target, { method: 'POST', path: '/api/v1/namespaces', body: namespace });
  const collection = `/apis/kargo.akuity.io/v1alpha1/namespaces/${NAMESPACE}/warehouses`;
  const name = `probe-${randomBytes(4).toString('hex')}`;
  const body = {
    apiVersion: 'kargo.akuity.io/v1alpha1',
    kind: 'Warehouse',
    metadata: { name },
    spec: { subscriptions: [{ git: { repoURL: 'https://example.com/probe' } }] },
  };
  await send(target, { method: 'POST', path: collection, body });
  const deadline = Date.now() + REGISTERED_WITHIN_MS;
  while (!areCalled()) {
    if (Date.now() > deadline) throw new Error('the registered webhooks are not called');
    await send(target, {
      method: 'PATCH',
      path: `${collection}/${name}?dryRun=All`,
      body: { metadata: { labels: { probe: randomBytes(4).toString('hex') } } },
      contentType: 'application/merge-patch+json',
    });
    await sleep(POLL_MS);
  }
  await send(target, { method: 'DELETE', path: `${collection}/${name}` });
}

async function send(target: ApiTarget, request: ApiRequest): Promise<void> {
  const { code, text } = await callApi(target, request);
  if (code >= 300) throw new Error(`${request.method} ${request.path}: ${text}`);
}
