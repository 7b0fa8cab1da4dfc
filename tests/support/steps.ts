import { loadGoRegex } from '../../lib/core/kargo/commit-selection/go-regex.ts';

// Steps compile patterns.
await loadGoRegex();

/** Runs a generator to its end and returns its result. */
export function finish<T>(steps: Generator<void, T>): T {
  return countSteps(steps).result;
}

/** Runs a generator to its end and returns its result and the number of its steps. */
export function countSteps<T>(steps: Generator<void, T>): { readonly result: T; readonly count: number } {
  for (let count = 0; ; count += 1) {
    const step = steps.next();
    if (step.done) return { result: step.value, count };
  }
}
