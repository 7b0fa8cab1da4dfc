import { RetryableError } from '../../app/errors.ts';

/** Makes the error for a failed request to AWS. Its name, such as `ThrottlingException`, is the detail for the log. */
export function toRetryableError(reason: string, error: unknown): RetryableError {
  const detail = error instanceof Error ? { detail: error.name } : {};
  return new RetryableError(reason, { cause: error, ...detail });
}

/** Makes a `catch` for a request to AWS of which every error is retryable. */
export function throwRetryable(reason: string): (error: unknown) => never {
  return (error) => {
    throw toRetryableError(reason, error);
  };
}
