import { failed, skipped, toResult, type Check } from '../check.ts';

/** The deployment's alarms: they exist, none is active, and somebody is notified. */
export const alarmsCheck: Check = {
  name: 'alarms',
  async run(installation, signal) {
    const { deployment } = installation.source;
    if (deployment === undefined) return skipped('the local run has none');
    const alarms = await deployment.alarms(signal);
    if (alarms.length === 0) {
      const fact = `there is no alarm whose name begins with ${deployment.name}-`;
      return failed(fact, 'Deploy again: the stack has them.');
    }
    const problems = alarms
      .filter(({ isAlarming }) => isAlarming)
      .map(({ name, description }) => {
        const id = name.slice(deployment.name.length + 1);
        return { fact: `${id}: ${description}`, advice: `docs/operations.md says what to do about ${id}.` };
      });
    if (!alarms.some(({ hasActions }) => hasActions)) {
      const fact = 'no alarm has an action, so that nobody is notified';
      problems.push({ fact, advice: 'Set ALARM_TOPIC_ARN and deploy.' });
    }
    return toResult(problems, `${alarms.length}, none active`);
  },
};
