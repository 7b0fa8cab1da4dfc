import { acceptedSecrets } from '../../../lib/core/kargo/receiver-secret.ts';
import { CLUSTER_PROJECT } from '../../../lib/core/kargo/project-patterns.ts';
import { ok, toResult, type Check, type Problem } from '../check.ts';
import { nameOf, type KnownReceiver } from '../installation.ts';

/** No webhook in Bitbucket depends on a previous secret. */
export const previousSecretsCheck: Check = {
  name: 'previous secrets',
  async run(installation, signal) {
    const { graceMs } = await installation.settings(signal);
    const rotated = (await installation.receivers(signal)).flatMap((known) => rotationOf(known, graceMs));
    if (rotated.length === 0) return ok('none is accepted');
    const { deployment } = installation.source;
    const until = rotated
      .map(({ name, validUntil }) => `${name} until ${validUntil.toISOString()}`)
      .join(', ');
    if (deployment === undefined) return ok(`accepted: ${until}`);
    const problems: Problem[] = [];
    let isComplete = true;
    for (const { name, pattern, since, validUntil } of rotated) {
      const search = await deployment.receiverLines(pattern, since, signal);
      isComplete &&= search.isComplete;
      if (search.lines.length === 0) continue;
      const fact = `${name}: ${search.lines.length} deliveries used the previous secret since ${since.toISOString()}`;
      const advice =
        `Enter the current URL and secret in the webhooks before ${validUntil.toISOString()}. ` +
        'The log names their repositories: docs/operations.md has the query.';
      problems.push({ fact, advice });
    }
    const searched = isComplete ? 'and unused' : 'and unused in the part of the log that was searched';
    return toResult(problems, `accepted ${searched}: ${until}`);
  },
};

interface Rotation {
  readonly name: string;
  /** Filter pattern of its deliveries that use the previous secret. */
  readonly pattern: string;
  readonly since: Date;
  readonly validUntil: Date;
}

function rotationOf({ receiver, reading }: KnownReceiver, graceMs: number): Rotation[] {
  if (reading.kind === 'fault') return [];
  const accepted = acceptedSecrets(reading.versions, new Date(), graceMs);
  const validUntil = accepted.find((secret) => secret.validUntil !== undefined)?.validUntil;
  if (validUntil === undefined) return [];
  const project = receiver.project || CLUSTER_PROJECT;
  const pattern = `{ $.previousSecret.validUntil = "*" && $.receiver = "${receiver.name}" && $.project = "${project}" }`;
  return [{ name: nameOf(receiver), pattern, since: reading.versions.currentSince, validUntil }];
}
