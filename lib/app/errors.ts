/**
 * Something outside does not do its part just now: not reachable, too slow, throttling, or refusing our credentials. Trying again
 * later may well succeed. Every other error is a mistake of ours, and trying again would repeat it.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** For the caller, once it has signed: which part is away, without names, addresses or versions. */
  readonly reason: string;

  constructor(reason: string, options?: { cause?: unknown; detail?: string }) {
    super(options?.detail === undefined ? reason : `${reason}: ${options.detail}`, { cause: options?.cause });
    this.reason = reason;
  }
}
