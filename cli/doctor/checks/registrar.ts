import { WEBHOOKS_CONDITION } from '../../../lib/core/registration/webhook-condition.ts';
import { skipped, toResult, type Check, type Problem } from '../check.ts';
import { nameOf } from '../installation.ts';

/** The registrar reports no failure: its condition on each config whose webhooks it registers is true. */
export const registrarCheck: Check = {
  name: 'registrar',
  async run(installation, signal) {
    const { configs } = await installation.listed(signal);
    const { chosen } = installation;
    const looked = configs.filter(({ namespace }) => chosen === undefined || namespace === chosen.project);
    const conditions = looked.flatMap(({ namespace, name, status }) =>
      status.conditions
        .filter(({ type }) => type === WEBHOOKS_CONDITION)
        .map((condition) => ({ config: nameOf({ project: namespace, name }), condition })),
    );
    if (conditions.length === 0) return skipped('no config has its webhooks registered by this deployment');
    const problems = conditions.flatMap(({ config, condition }): Problem[] => {
      if (condition['status'] === 'True') return [];
      const fact = `${config}: ${String(condition['message'])}`;
      return [
        { fact, advice: 'Do what the condition says. The registrar checks again within five minutes.' },
      ];
    });
    return toResult(problems, `reports no failure in ${conditions.length} config(s)`);
  },
};
