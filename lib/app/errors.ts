import type { ReceiverConfig } from '../core/kargo/receiver.ts';

/**
 * A dependency is unavailable, throttles, or rejects our credentials. A later attempt may succeed.
 *
 * Every error is either this, a {@link TerminalError}, or a bug.
 */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  /** For authenticated callers: which dependency failed, without names, addresses or versions. */
  readonly reason: string;
  /** The wait before the next attempt that the dependency asks for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reason: string,
    options: { cause?: unknown; detail?: string; retryAfterMs?: number | undefined } = {},
  ) {
    const { cause, detail, retryAfterMs } = options;
    super(detail === undefined ? reason : `${reason}: ${detail}`, { cause });
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * A dependency rejects a request for good: forbidden, denied by an admission webhook, or invalid. No later attempt succeeds unless the
 * rights, the policy or the object change. The message contains that of the dependency.
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** The object is too large for the cluster, or would be after the request. Its owner must make it smaller. */
export class ObjectTooLargeError extends TerminalError {}

/** Checks whether a write failed by the fault of a project: its ProjectConfig is too large. That is in the log, and fails no run. */
export function isProjectsFault(error: unknown, { kind }: Pick<ReceiverConfig, 'kind'>): boolean {
  return error instanceof ObjectTooLargeError && kind === 'ProjectConfig';
}
