import { usableReceivers } from '../../../lib/core/kargo/receiver.ts';
import { toResult, type Check, type Problem } from '../check.ts';
import { nameOf } from '../installation.ts';

/** The declarations of the receivers that this deployment serves. */
export const receiversCheck: Check = {
  name: 'receivers',
  async run(installation, signal) {
    const { configs, unreadable } = await installation.listed(signal);
    const receivers = configs.flatMap(usableReceivers);
    const { chosen } = installation;
    if (chosen !== undefined) {
      const isDeclared = receivers.some(
        ({ project, name }) => project === chosen.project && name === chosen.name,
      );
      const names = receivers.map(nameOf).join(', ') || 'none';
      const fact = `there is no Bitbucket receiver ${nameOf(chosen)} that this deployment serves`;
      return toResult(
        isDeclared ? [] : [{ fact, advice: `Receivers: ${names}. See also PROJECTS.` }],
        nameOf(chosen),
      );
    }
    const problems: Problem[] = unreadable.map(({ kind, namespace, reason }) => {
      return {
        fact: `${kind} ${namespace || 'cluster'}: ${reason}`,
        advice: 'Correct the field that is named.',
      };
    });
    for (const { namespace, declared } of configs) {
      for (const entry of declared) {
        const name = nameOf({ project: namespace, name: entry.name });
        if (entry.kind === 'unusable') {
          problems.push({ fact: `${name}: ${entry.reason}`, advice: 'Correct the declaration.' });
        } else if (entry.kind === 'over-limit') {
          const advice = 'Delete receivers of the project, or raise MAX_RECEIVERS_PER_PROJECT and deploy.';
          problems.push({ fact: `${name} is over the limit of receivers and is not served`, advice });
        }
      }
    }
    return toResult(problems, `${receivers.length} declared`);
  },
};
