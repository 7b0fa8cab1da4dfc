import { describe } from '@jest/globals';
import { describeClientContract } from './client-contract.ts';
import { describeContract } from './contract.ts';
import { startedCluster } from './started-cluster.ts';

describe('the real cluster', () => {
  describeContract(startedCluster);
  describeClientContract(startedCluster);
});
