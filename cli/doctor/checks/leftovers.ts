import { fixedPrefixOf } from '../../../lib/adapters/aws/secret-ids.ts';
import { liveHashes } from '../../../lib/core/kargo/receiver-hashes.ts';
import { skipped, toResult, type Check, type Problem } from '../check.ts';

/** Nothing is left of receivers that are gone: secrets, and routes that the reconciler does not manage. */
export const leftoversCheck: Check = {
  name: 'leftovers',
  async run(installation, signal) {
    const { deployment } = installation.source;
    if (deployment === undefined) return skipped('the local run leaves nothing');
    if (installation.chosen !== undefined) return skipped('it concerns all receivers');
    const { secretNameTemplate } = await installation.settings(signal);
    const receivers = await installation.receivers(signal);
    const problems: Problem[] = [];
    const used = new Set(receivers.map(({ reading }) => reading.secretId));
    for (const name of await deployment.secretNames(fixedPrefixOf(secretNameTemplate), signal)) {
      if (used.has(name)) continue;
      const fact = `Secret "${name}" belongs to no receiver of this deployment`;
      problems.push({
        fact,
        advice: `If nothing else uses it: aws secretsmanager delete-secret --secret-id ${name}`,
      });
    }
    const routes = await installation.routes(signal);
    const live = liveHashes(receivers.map(({ hashes }) => hashes));
    const dead =
      routes === undefined ? [] : (await routes.list(signal)).filter(({ hash }) => !live.has(hash));
    for (const { id, hash } of dead) {
      const fact = `route ${id} (POST /bitbucket/${hash}) serves no receiver`;
      problems.push({ fact, advice: 'The reconciler removes it within a minute. If it stays, see its log.' });
    }
    return toResult(problems, 'no secret and no route without a receiver');
  },
};
