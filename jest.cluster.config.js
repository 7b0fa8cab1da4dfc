import config from './jest.config.js';

/** The tests on a real kube-apiserver, which is started once for all of them. */
export default {
  ...config,
  testMatch: ['<rootDir>/tests/**/*.cluster.ts'],
  globalSetup: '<rootDir>/tests/cluster/global-setup.ts',
  globalTeardown: '<rootDir>/tests/cluster/global-teardown.ts',
  testTimeout: 30_000,
};
