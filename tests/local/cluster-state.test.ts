import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '../cluster/free-port.ts';
import { ClusterState } from '../../local/cluster-state.ts';
import { startFakeKubernetes } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { until } from '../cluster/functions/until.ts';
import { project, promotion, warehouse } from '../support/kargo-objects.ts';

let port: number;
let state: ClusterState;

beforeEach(async () => {
  port = await freePort();
  state = new ClusterState(port);
});

afterEach(() => state.end());

test('the objects of a fake cluster are there again after it was stopped and started', async () => {
  state.begin();
  const first = await startFakeKubernetes({ port, objects: project('demo') });
  state.keep(first);
  const objects = new ClusterClient({ url: first.url, token: 'token' });
  const annotated = warehouse('demo', 'main');
  await objects.create(
    annotated,
    promotion('demo', 'waits', 'https://bitbucket.org/acme/shop/pull-requests/7'),
  );
  await objects.patch(annotated, { metadata: { annotations: { note: 'kept' } } });
  await until(async () => JSON.stringify(state.load()).includes('kept'));
  const { metadata } = await objects.get('Warehouse', 'demo', 'main');
  await first.close();

  const second = await startFakeKubernetes({ port, objects: state.load() });
  expect(await objects.get('Warehouse', 'demo', 'main')).toMatchObject({
    metadata: { uid: metadata.uid, annotations: { note: 'kept' } },
    spec: annotated['spec'],
  });
  expect(await objects.get('Promotion', 'demo', 'waits')).toMatchObject({ status: { phase: 'Running' } });
  await second.close();
});

test('nothing is kept without a local run, or after it', async () => {
  const fake = await startFakeKubernetes({ port, objects: project('demo') });
  state.keep(fake);
  state.begin();
  await until(async () => state.load().length > 0);
  state.end();
  expect(state.load()).toEqual([]);
  await fake.close();
});
