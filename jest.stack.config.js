import config from './jest.config.js';

/** The tests of the packaged deployments on an emulator of AWS. */
export default {
  ...config,
  testMatch: ['<rootDir>/tests/**/*.stack.ts'],
  globalSetup: '<rootDir>/tests/stack/global-setup.ts',
  maxWorkers: 2,
  testTimeout: 180_000,
};
