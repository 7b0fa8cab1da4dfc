import { describeWeakness } from '../../../lib/core/kargo/receiver-secret.ts';
import { toResult, type Check, type Problem } from '../check.ts';
import { nameOf, type KnownReceiver } from '../installation.ts';

/** The receivers' secrets: present, readable, usable and strong. */
export const secretsCheck: Check = {
  name: 'secrets',
  async run(installation, signal) {
    const receivers = await installation.receivers(signal);
    const problems = receivers.flatMap(problemOf);
    // Those of the local run are samples.
    const isSample = installation.source.deployment === undefined;
    const weaknesses = isSample ? [] : receivers.flatMap(weaknessOf);
    return toResult(
      [...problems, ...weaknesses],
      `${receivers.length} present, readable${isSample ? '' : ' and strong'}`,
    );
  },
};

function problemOf({ receiver, reading }: KnownReceiver): Problem[] {
  const problem = (what: string, advice: string): Problem[] => [
    { fact: `${nameOf(receiver)}: ${what}`, advice },
  ];
  if (reading.kind === 'fault') {
    return reading.fault === 'missing'
      ? problem(reading.reason, "Create it, or correct the name in the receiver's bitbucket.secretRef.")
      : problem(
          reading.reason,
          'Check its resource policy and the policy of its KMS key. If these credentials may not read it, choose others.',
        );
  }
  const { current } = reading.versions;
  return current.kind === 'unusable'
    ? problem(`Secret "${reading.secretId}" ${current.reason}`, 'Store the HMAC secret in it.')
    : [];
}

function weaknessOf({ receiver, reading }: KnownReceiver): Problem[] {
  if (reading.kind === 'fault' || reading.versions.current.kind === 'unusable') return [];
  const weakness = describeWeakness(reading.versions.current.value);
  if (weakness === undefined) return [];
  const fact = `${nameOf(receiver)}: Secret "${reading.secretId}" ${weakness}`;
  return [{ fact, advice: 'Replace it with a random one of at least 32 characters.' }];
}
