import * as v from 'valibot';
import { RetryableError } from '../../../lib/app/errors.ts';
import { failed, ok, toResult, type Check } from '../check.ts';

/** ValidatingAdmissionPolicy, with which infra/rbac limits the receiver, is stable since then. */
const MIN_MINOR = 30;

const version = v.object({ major: v.string(), minor: v.string(), gitVersion: v.string() });

/** The cluster API can be reached with these credentials. */
export const clusterCheck: Check = {
  name: 'cluster',
  async run(installation, signal) {
    // Without settings, nothing is known of the cluster.
    await installation.clusterSettings(signal);
    try {
      const cluster = await installation.cluster(signal);
      const answer = await cluster.read('/version', signal);
      if (answer.kind !== 'found' || !v.is(version, answer.content)) return ok('reachable');
      const { major, minor, gitVersion } = answer.content;
      const isOld = major === '1' && Number.parseInt(minor, 10) < MIN_MINOR;
      const fact = `Kubernetes ${gitVersion} is older than 1.${MIN_MINOR}: the admission policy of infra/rbac has no effect`;
      const problems = isOld ? [{ fact, advice: 'Upgrade the cluster.' }] : [];
      return toResult(problems, `reachable, Kubernetes ${gitVersion}`);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      const advice =
        'If the cluster API is private, run this where it can be reached, or name a context that reaches it: --cluster CONTEXT. ' +
        'Else check EKS_CLUSTER_ENDPOINT or the kubeconfig, and who may use it.';
      return failed(error.message, advice);
    }
  },
};
