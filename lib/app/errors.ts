/**
 * A dependency is unavailable, throttles, or rejects our credentials. A later attempt may succeed.
 *
 * Every error is either this, a {@link TerminalError}, or a bug.
 */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  /** What an authenticated caller may read: which dependency failed, without names, addresses or versions. */
  readonly reason: string;

  constructor(reason: string, options?: { cause?: unknown; detail?: string }) {
    super(options?.detail === undefined ? reason : `${reason}: ${options.detail}`, { cause: options?.cause });
    this.reason = reason;
  }
}

/**
 * A dependency refuses a request for good: forbidden, denied by an admission webhook, or invalid. No later attempt succeeds unless
 * somebody changes rights, policy or the object. The message holds the dependency's own words.
 */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
