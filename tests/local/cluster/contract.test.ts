import { afterAll, beforeAll, describe } from '@jest/globals';
import { startStandInCluster, type StandInCluster } from '../../../local/cluster/stand-in-cluster.ts';
import type { ApiTarget } from '../../cluster/api-client.ts';
import { describeClientContract } from '../../cluster/client-contract.ts';
import { describeContract } from '../../cluster/contract.ts';

describe('the stand-in cluster', () => {
  let cluster: StandInCluster;
  beforeAll(async () => {
    cluster = await startStandInCluster({ port: 0, token: 'right' });
  });
  afterAll(async () => cluster.close());

  const target = (): ApiTarget => ({ url: cluster.url, token: 'right' });
  describeContract(target, { lacks: ['authorization'] });
  describeClientContract(target);
});
