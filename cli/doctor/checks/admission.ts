import * as v from 'valibot';
import { skipped, toResult, type Check, type Problem } from '../check.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const POLICY = 'kargo-front-door-receiver';

const webhookConfigurations = v.object({
  items: v.array(v.object({ webhooks: v.optional(v.array(v.object({ name: v.string() })), []) })),
});

/** Kargo's admission webhooks, and the policy that limits the receiver. */
export const admissionCheck: Check = {
  name: 'admission',
  async run(installation, signal) {
    const cluster = await installation.cluster(signal);
    const list = await cluster.read(`${GROUP}/validatingwebhookconfigurations`, signal);
    if (list.kind !== 'found')
      return skipped('these credentials may not read admission webhooks, or the cluster knows none');
    const configurations = v.is(webhookConfigurations, list.content)
      ? v.parse(webhookConfigurations, list.content).items
      : [];
    const names = configurations.flatMap(({ webhooks }) => webhooks.map(({ name }) => name));
    const kargos = names.filter((name) => name.endsWith('.kargo.akuity.io'));
    const problems: Problem[] = [];
    for (const kind of ['validatingadmissionpolicies', 'validatingadmissionpolicybindings']) {
      const found = await cluster.read(`${GROUP}/${kind}/${POLICY}`, signal);
      if (found.kind !== 'absent') continue;
      const fact = `${kind}/${POLICY} is missing: the receiver could change more than the refresh annotation`;
      problems.push({ fact, advice: 'kubectl apply -f infra/rbac' });
    }
    const webhooks =
      kargos.length === 0 ? 'Kargo has no webhooks registered' : `${kargos.length} webhooks of Kargo`;
    return toResult(problems, `${webhooks}; the policy ${POLICY} is in force`);
  },
};
