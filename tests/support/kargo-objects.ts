import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';

const apiVersion = 'kargo.akuity.io/v1alpha1';

/** A project as a namespace and a ProjectConfig that declares these receivers. */
export function project(
  name: string,
  webhookReceivers: readonly object[] = [bitbucket('bb')],
): KubernetesObject[] {
  return [namespace(name), projectConfig(name, webhookReceivers)];
}

export function namespace(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function projectConfig(name: string, webhookReceivers: readonly object[]): KubernetesObject {
  return {
    apiVersion,
    kind: 'ProjectConfig',
    metadata: { name, namespace: name },
    spec: { webhookReceivers },
  };
}

export function clusterConfig(webhookReceivers: readonly object[]): KubernetesObject {
  return { apiVersion, kind: 'ClusterConfig', metadata: { name: 'cluster' }, spec: { webhookReceivers } };
}

/** A Bitbucket receiver as a config declares it. */
export function bitbucket(name: string, secretName = 'bitbucket'): object {
  return { name, bitbucket: { secretRef: { name: secretName } } };
}

/** A Warehouse with these Git subscriptions; by default one, to main of acme/shop. */
export function warehouse(
  projectName: string,
  name: string,
  ...git: readonly Record<string, unknown>[]
): KubernetesObject {
  const subscriptions = git.length > 0 ? git : [{ branch: 'main' }];
  return {
    apiVersion,
    kind: 'Warehouse',
    metadata: { name, namespace: projectName },
    spec: {
      interval: '5m0s',
      subscriptions: subscriptions.map((fields) => ({
        git: { repoURL: 'https://bitbucket.org/acme/shop', ...fields },
      })),
    },
  };
}

/** A running Promotion that waits for the pull request with this URL; `changes` replace fields of spec and status. */
export function promotion(
  projectName: string,
  name: string,
  url: string,
  changes: { readonly spec?: object; readonly status?: object } = {},
): KubernetesObject {
  return {
    apiVersion,
    kind: 'Promotion',
    metadata: { name, namespace: projectName },
    spec: {
      stage: 'test',
      freight: 'abc',
      steps: [
        { uses: 'git-open-pr', as: 'open', config: {} },
        { uses: 'git-wait-for-pr', as: 'wait', config: {} },
      ],
      ...changes.spec,
    },
    status: {
      phase: 'Running',
      currentStep: 1,
      state: { open: { pr: { id: 7, url } }, wait: { pr: { id: 7, url } } },
      ...changes.status,
    },
  };
}

/** A Stage, which a Promotion of the same project names in its spec. */
export function stage(projectName: string, name: string, shard?: string): KubernetesObject {
  return {
    apiVersion,
    kind: 'Stage',
    metadata: { name, namespace: projectName },
    spec: {
      ...(shard !== undefined && { shard }),
      requestedFreight: [{ origin: { kind: 'Warehouse', name: 'main' }, sources: { direct: true } }],
    },
  };
}
