/** Native ESM (see the test script's NODE_OPTIONS); SWC only strips the types, `tsc` checks them. */
export default {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Tests mostly wait for loopback servers, but on two cores jest uses one worker by default.
  maxWorkers: 2,
  // The first import compiles all sources, which takes seconds on a busy machine.
  testTimeout: 20_000,
  // A test may skip the waits of the code under test: see skipWaits.
  moduleNameMapper: { '^node:timers/promises$': '<rootDir>/tests/support/waits.ts' },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
