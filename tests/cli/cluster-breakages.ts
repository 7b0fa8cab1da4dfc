import type { Breakage } from './breakages.ts';

const POLICY = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/kargo-front-door-receiver';
const KARGO_CONFIG = '/api/v1/namespaces/kargo/configmaps';
const kargoConfig = (url: string): object => ({
  items: [{ data: { EXTERNAL_WEBHOOK_SERVER_BASE_URL: url } }],
});

/** The cluster, and what is installed in it: Kargo, and the manifests of infra/rbac. */
export const CLUSTER_BREAKAGES: readonly Breakage[] = [
  {
    what: 'a cluster that cannot be reached',
    breakIt: (world) => (world.testbed.cluster.fault = () => ({ kind: 'answer', status: 401 })),
    check: 'cluster',
    fact: 'cluster API rejected the credentials: HTTP 401',
    advice: /^If the cluster API is private, run this where it can be reached, .*--cluster CONTEXT/,
    followAdvice: (world) => world.repairCluster(),
  },
  {
    what: 'an old cluster',
    breakIt: (world) => world.answer('/version', { major: '1', minor: '29+', gitVersion: 'v1.29.9-eks' }),
    check: 'cluster',
    fact: 'Kubernetes v1.29.9-eks is older than 1.30: the admission policy of infra/rbac has no effect',
    advice: 'Upgrade the cluster.',
    followAdvice: (world) => world.answer('/version', { major: '1', minor: '30', gitVersion: 'v1.30.1' }),
  },
  {
    what: 'a cluster without Kargo',
    breakIt: (world) =>
      (world.testbed.cluster.fault = ({ path }) =>
        path.startsWith('/apis/kargo.akuity.io') ? { kind: 'answer', status: 404 } : undefined),
    check: 'kargo',
    fact: 'the cluster does not serve kargo.akuity.io/v1alpha1',
    advice: 'Install Kargo, or choose the cluster that has it: --cluster CONTEXT.',
    followAdvice: (world) => world.repairCluster(),
  },
  {
    what: "another base URL of Kargo's own",
    breakIt: (world) => world.answer(KARGO_CONFIG, kargoConfig('https://kargo.example.com')),
    check: 'kargo base URL',
    fact: /^Kargo publishes receivers at https:\/\/kargo\.example\.com, and not at http:\/\/127\.0\.0\.1:\d+$/,
    advice: /^Give Kargo's chart the base URL http:\/\/127\.0\.0\.1:\d+, or separate the projects/,
    followAdvice: (world) => world.answer(KARGO_CONFIG, kargoConfig(world.base)),
  },
  {
    what: 'a missing admission policy',
    breakIt: (world) => world.answer(POLICY, undefined),
    check: 'admission',
    fact: 'validatingadmissionpolicies/kargo-front-door-receiver is missing: the receiver could change more than the refresh annotation',
    advice: 'kubectl apply -f infra/rbac',
    followAdvice: (world) => world.answer(POLICY, {}),
  },
  {
    what: 'a missing right to promote',
    breakIt: (world) => world.denied.add('kargo-front-door:receiver promote stages'),
    check: 'rights',
    fact: 'receiver may not promote stages.kargo.akuity.io',
    advice: 'kubectl apply -f infra/rbac/receiver.yaml',
    followAdvice: (world) => world.denied.clear(),
  },
  {
    what: 'a missing right to write statuses',
    breakIt: (world) => world.denied.add('kargo-front-door:reconciler patch projectconfigs'),
    check: 'rights',
    fact: 'reconciler may not patch projectconfigs.kargo.akuity.io/status',
    advice: 'kubectl apply -f infra/rbac/reconciler.yaml',
    followAdvice: (world) => world.denied.clear(),
  },
];
