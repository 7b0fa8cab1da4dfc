import { RetryableError } from '../../app/errors.ts';
import { withTimeout } from './with-timeout.ts';

/** How a client classifies what comes of a request. */
export interface AttemptRules<Request, Answer, Failure> {
  /** Returns undefined for a success. */
  readonly classifyAnswer: (request: Request, answer: Answer) => Failure | undefined;
  /** Classifies what was thrown instead of an answer. Returns undefined for a bug. */
  readonly classifyError: (error: unknown) => Failure | undefined;
  /** Reason of the error where the budget of the request has ended. */
  readonly timedOut: string;
}

/** One attempt at a request. */
export interface Attempt<Request, Answer> {
  readonly request: Request;
  /** Sends the request once. It rejects when the signal ends it, and with a `RetryableError` for what no other attempt cures. */
  readonly send: (signal: AbortSignal) => Promise<Answer>;
  /** In milliseconds. Undefined: only the budget ends the attempt. */
  readonly timeoutMs: number | undefined;
}

/** A success, or why the attempt failed. */
type AttemptResult<Answer, Failure> =
  { readonly answer: Answer } | { readonly failure: Failure; readonly cause?: unknown };

/**
 * Makes one attempt at a request, within its own timeout and the budget of all attempts. Its own timeout is a failure, which another attempt
 * may cure; after the budget nothing is sent.
 *
 * @param budget - ends the request with all its attempts
 * @throws {RetryableError} where the budget has ended
 */
export async function makeAttempt<Request, Answer, Failure>(
  { request, send, timeoutMs }: Attempt<Request, Answer>,
  { classifyAnswer, classifyError, timedOut }: AttemptRules<Request, Answer, Failure>,
  budget: AbortSignal,
): Promise<AttemptResult<Answer, Failure>> {
  // Before a timer or a connection is made.
  if (budget.aborted) throw new RetryableError(timedOut, { cause: budget.reason });
  try {
    const answer = await (timeoutMs === undefined ? send(budget) : withTimeout(budget, timeoutMs, send));
    const failure = classifyAnswer(request, answer);
    return failure === undefined ? { answer } : { failure };
  } catch (cause) {
    if (cause instanceof RetryableError) throw cause;
    if (budget.aborted) throw new RetryableError(timedOut, { cause });
    const failure = classifyError(cause);
    if (failure === undefined) throw cause;
    return { failure, cause };
  }
}
