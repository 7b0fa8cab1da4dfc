import { FUNCTION_NAMES } from '../../../lib/functions.ts';
import { skipped, toResult, type Check, type Problem } from '../check.ts';
import { describeRight, readGrants } from '../grants.ts';

/** Every right that infra/rbac grants to the functions that are deployed. */
export const rightsCheck: Check = {
  name: 'rights',
  async run(installation, signal) {
    const { source } = installation;
    const environments = await installation.environments(signal);
    const clusterSettings = await installation.clusterSettings(signal);
    const areOwn = source.areFunctionsOwn(clusterSettings);
    if (!areOwn && clusterSettings.kind === 'kubeconfig-secret') {
      return skipped(
        'the functions use a kubeconfig from a secret, whose rights are reviewed only without --cluster',
      );
    }
    const cluster = await installation.cluster(signal);
    const problems: Problem[] = [];
    let reviewed = 0;
    for (const functionName of FUNCTION_NAMES.filter((name) => environments.has(name))) {
      const group = `kargo-front-door:${functionName}`;
      for (const { file, right } of readGrants(group)) {
        const allowed = await cluster.mayDo(right, areOwn ? 'own' : { group }, signal);
        if (allowed === undefined)
          return skipped('these credentials may not create access reviews, or the cluster knows none');
        reviewed += 1;
        if (allowed) continue;
        const fact = `${functionName} may not ${describeRight(right)}`;
        const advice = `kubectl apply -f infra/rbac/${file}${areOwn ? ', and bind its ClusterRole to the user of the kubeconfig' : ''}`;
        problems.push({ fact, advice });
      }
    }
    return toResult(problems, `${reviewed} rights granted`);
  },
};
