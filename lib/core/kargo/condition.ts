import type { Condition } from './receiver.ts';

/** Kubernetes' limit for a condition's message. */
export const MAX_MESSAGE_LENGTH = 32_768;

/** A condition of ours, without what follows from the one that it replaces. */
interface OwnCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Replaces the condition of this type, or adds it. Its transition time stays while its status does. */
export function withCondition(
  conditions: readonly Condition[],
  own: OwnCondition,
  generation: number | undefined,
  now: Date,
): readonly Condition[] {
  const before = conditions.find(({ type }) => type === own.type);
  const condition = {
    ...own,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.['status'] === own.status ? before['lastTransitionTime'] : rfc3339(now),
  };
  if (before === undefined) return [...conditions, condition];
  return conditions.map((other) => (other === before ? condition : other));
}

/** Joins texts. Where the result is too long, replaces the last ones by their number. */
export function joinWithin(texts: readonly string[], separator: string, maxLength: number): string {
  const all = texts.join(separator);
  if (all.length <= maxLength) return all;
  const more = (count: number): string => `${separator}and ${texts.length - count} more`;
  let length = 0;
  let count = 0;
  for (const text of texts) {
    length += text.length + (count === 0 ? 0 : separator.length);
    if (length + more(count + 1).length > maxLength) break;
    count += 1;
  }
  return count === 0
    ? `${all.slice(0, maxLength - 1)}…`
    : `${texts.slice(0, count).join(separator)}${more(count)}`;
}

/** As Kubernetes writes times: to the second. */
export function rfc3339(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
