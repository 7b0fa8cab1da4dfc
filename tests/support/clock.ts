import { jest } from '@jest/globals';

/** Stops the clock for the code under test. Timers are real. */
export function stopClock(at = '2026-05-04T10:11:12.345Z'): void {
  jest.useFakeTimers({
    now: new Date(at),
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

export function passSeconds(seconds: number): void {
  jest.setSystemTime(Date.now() + seconds * 1000);
}
