/** Takes all steps of a generator and returns its result. */
export function finish<T>(steps: Generator<void, T>): T {
  return countSteps(steps).result;
}

/** Takes all steps of a generator and returns its result and how many pauses it offered. */
export function countSteps<T>(steps: Generator<void, T>): { readonly result: T; readonly pauses: number } {
  for (let pauses = 0; ; pauses += 1) {
    const step = steps.next();
    if (step.done) return { result: step.value, pauses };
  }
}
