import { afterAll, beforeAll, describe } from '@jest/globals';
import {
  startFakeKubernetes,
  type FakeKubernetes,
} from '../../../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { ApiTarget } from '../../../cluster/api-client.ts';
import { describeClientContract } from '../../../cluster/client-contract.ts';
import { describeContract } from '../../../cluster/contract.ts';

describe('the fake cluster', () => {
  let cluster: FakeKubernetes;
  beforeAll(async () => {
    cluster = await startFakeKubernetes({ port: 0, token: 'right' });
  });
  afterAll(async () => cluster.close());

  const target = (): ApiTarget => ({ url: cluster.url, token: 'right' });
  describeContract(target, { lacks: ['authorization'] });
  describeClientContract(target);
});
