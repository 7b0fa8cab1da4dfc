/**
 * Does work with a signal that ends with the budget, or after a time of its own, whichever comes first. Afterwards nothing of it is left:
 * Node keeps a signal for good that `AbortSignal.any` was given and had made itself, as a budget may be.
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
