/** Native ESM (see the test script's NODE_OPTIONS); SWC only strips the types, `tsc` checks them. */
export default {
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  // Much of a run is waiting for loopback servers; on two cores jest would take one worker by itself.
  maxWorkers: 2,
  // A first import compiles every source; a loaded machine takes seconds for it.
  testTimeout: 20_000,
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
