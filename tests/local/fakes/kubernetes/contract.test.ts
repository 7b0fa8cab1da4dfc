import { afterAll, beforeAll, describe } from '@jest/globals';
import { startFakeKubernetes } from '../../../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { LoopbackServer } from '../../../../local/fakes/loopback-server.ts';
import type { ApiTarget } from '../../../cluster/api-client.ts';
import { describeClientContract } from '../../../cluster/client-contract.ts';
import { describeContract } from '../../../cluster/contract.ts';

describe('the fake Kubernetes API', () => {
  let fake: LoopbackServer;
  beforeAll(async () => {
    fake = await startFakeKubernetes({ port: 0 });
  });
  afterAll(async () => fake.close());

  const target = (): ApiTarget => ({ url: fake.url, token: 'any' });
  describeContract(target);
  describeClientContract(target);
});
