/**
 * Runs work with a signal that aborts with the budget or after a timeout, whichever comes first. It does not use `AbortSignal.any`: Node never
 * frees a signal of `AbortSignal.any` that is given to `AbortSignal.any` again, and a budget may be one.
 */
export async function withTimeout<Result>(
  budget: AbortSignal,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const endWithBudget = (): void => controller.abort(budget.reason);
  const timer = setTimeout(() => controller.abort(timeoutError(timeoutMs)), timeoutMs);
  budget.addEventListener('abort', endWithBudget);
  try {
    if (budget.aborted) endWithBudget();
    return await work(controller.signal);
  } finally {
    budget.removeEventListener('abort', endWithBudget);
    clearTimeout(timer);
  }
}

/** Makes the error with which `AbortSignal.timeout` ends. */
function timeoutError(timeoutMs: number): DOMException {
  return new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError');
}
