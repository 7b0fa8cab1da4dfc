import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { examine } from '../../../cli/doctor.ts';
import type { CheckResult } from '../../../cli/doctor/check.ts';
import { deployedInstallation } from '../../../cli/doctor/deployed-installation.ts';
import type { Deployment } from '../../../cli/doctor/installation.ts';
import { callApi } from '../api-client.ts';
import { RECEIVER, startClusterTestbed, type ClusterTestbed } from './cluster-testbed.ts';
import { applyRbacManifests } from './manifests.ts';
import { until } from './until.ts';

let testbed: ClusterTestbed;

beforeAll(async () => {
  testbed = await startClusterTestbed();
});

afterAll(() => testbed.close());

/** Runs doctor with the rights of the administrator. Returns the results by check. */
async function runDoctor(): Promise<Record<string, CheckResult>> {
  testbed.writeKubeconfig(RECEIVER, testbed.cluster.token);
  const { RECEIVER_BASE_URL = '', KUBECONFIG = '' } = process.env;
  const deployment: Deployment = {
    name: 'kargo',
    region: async () => 'us-east-1',
    environmentOf: async () => ({ RECEIVER_BASE_URL, KUBECONFIG }),
    alarms: async () => [],
    queue: async () => ({ waiting: 0, deadLetters: 0 }),
    secretNames: async () => [],
    receiverLines: async () => ({ lines: [], isComplete: true }),
  };
  let output = '';
  const print = (text: string): void => void (output += text);
  await examine(deployedInstallation(deployment, undefined), { receiver: undefined, json: true }, print);
  const rows = JSON.parse(output) as (CheckResult & { check: string })[];
  return Object.fromEntries(rows.map(({ check, ...result }) => [check, result]));
}

test('the manifests grant every right, and the policy is in force', async () => {
  expect(await runDoctor()).toMatchObject({
    cluster: { state: 'ok', fact: expect.stringMatching(/^reachable, Kubernetes v1\.\d+/) },
    kargo: { state: 'ok' },
    admission: { state: 'ok' },
    rights: { state: 'ok', fact: expect.stringMatching(/^\d\d rights granted$/) },
  });
});

test.each([
  [
    'rights',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kargo-front-door-receiver',
    'receiver may not promote stages.kargo.akuity.io',
    'kubectl apply -f infra/rbac/receiver.yaml',
  ],
  [
    'admission',
    '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/kargo-front-door-receiver',
    'validatingadmissionpolicies/kargo-front-door-receiver is missing: the receiver could change more than the refresh annotation',
    'kubectl apply -f infra/rbac',
  ],
])(
  '%s: what was deleted is named, and right again after the manifests are applied',
  async (check, path, fact, advice) => {
    const { code, text } = await callApi(testbed.as(), { method: 'DELETE', path });
    expect({ code, text: code === 200 ? '' : text }).toEqual({ code: 200, text: '' });
    await until(async () => (await runDoctor())[check]?.state === 'failed');
    expect((await runDoctor())[check]).toMatchObject({
      problems: expect.arrayContaining([{ fact, advice }]),
    });
    await applyRbacManifests(testbed.cluster.kubeconfig);
    await until(async () => (await runDoctor())[check]?.state === 'ok');
    expect((await runDoctor())[check]?.state).toBe('ok');
  },
);
