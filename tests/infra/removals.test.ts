import { afterAll, describe, expect, test } from '@jest/globals';
import { findRemovals, type StackTemplate } from '../../infra/removals.ts';
import { clusterCa } from './cluster-ca.ts';
import { deployedWith, removeScratch } from './deployed.ts';

afterAll(removeScratch);

const KUBECONFIG = { KUBECONFIG_SECRET_ID: 'ops/kubeconfig' };
const EKS = {
  EKS_CLUSTER_NAME: 'apps',
  EKS_CLUSTER_ENDPOINT: 'https://eks.example.com',
  EKS_CLUSTER_CA: clusterCa,
};
const VPC = { VPC_ID: 'vpc-01234567', SUBNET_IDS: 'subnet-01234567,subnet-01234568' };
const DOMAIN = {
  DOMAIN_NAME: 'hooks.example.com',
  CERTIFICATE_ARN: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
};

/** A synthesis takes a tenth of a second. */
const made = new Map<string, StackTemplate>();

function templateWith(settings: Record<string, string>): StackTemplate {
  const key = JSON.stringify(settings);
  const template = made.get(key) ?? deployedWith(settings).toJSON();
  made.set(key, template);
  return template;
}

const description = (settings: [Record<string, string>, Record<string, string>]): string[] =>
  findRemovals(templateWith(settings[0]), templateWith(settings[1])).map((one) => one.description);

describe('a deployment removes', () => {
  test('the VPC, the domain and the access entries of a stack that had them', () => {
    const removals = findRemovals(templateWith({ ...EKS, ...VPC, ...DOMAIN }), templateWith(KUBECONFIG));
    expect(removals).toEqual([
      {
        kind: 'vpc',
        description:
          'the VPC of kargo-receiver, kargo-reconciler, kargo-redelivery (subnets subnet-01234567, subnet-01234568)',
      },
      { kind: 'domain', description: 'the domain hooks.example.com' },
      {
        kind: 'access-entries',
        description: 'the access entry of kargo-front-door:receiver in the EKS cluster apps',
      },
      {
        kind: 'access-entries',
        description: 'the access entry of kargo-front-door:reconciler in the EKS cluster apps',
      },
      {
        kind: 'access-entries',
        description: 'the access entry of kargo-front-door:redelivery in the EKS cluster apps',
      },
    ]);
  });

  test.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    [
      'a domain that is another one now',
      { ...KUBECONFIG, ...DOMAIN },
      { ...KUBECONFIG, ...DOMAIN, DOMAIN_NAME: 'new.example.com' },
      ['the domain hooks.example.com'],
    ],
    [
      'access entries of a cluster that is another one now',
      EKS,
      { ...EKS, EKS_CLUSTER_NAME: 'other' },
      [
        'the access entry of kargo-front-door:receiver in the EKS cluster apps',
        'the access entry of kargo-front-door:reconciler in the EKS cluster apps',
        'the access entry of kargo-front-door:redelivery in the EKS cluster apps',
      ],
    ],
  ])('%s', (_what, deployed, planned, expected) => {
    expect(description([deployed, planned])).toEqual(expected);
  });
});

describe('a deployment removes nothing', () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['where nothing changed', { ...EKS, ...VPC, ...DOMAIN }, { ...EKS, ...VPC, ...DOMAIN }],
    ['where it adds all of them', KUBECONFIG, { ...EKS, ...VPC, ...DOMAIN }],
    ['where the subnets change', { ...EKS, ...VPC }, { ...EKS, ...VPC, SUBNET_IDS: 'subnet-01234569' }],
  ])('%s', (_what, deployed, planned) => {
    expect(description([deployed, planned])).toEqual([]);
  });

  test('where there is no stack', () => {
    expect(findRemovals({}, templateWith(EKS))).toEqual([]);
  });

  test('where a function goes with its access entry', () => {
    const deployed = templateWith(EKS);
    const { Resources = {} } = deployed;
    const ofReceiver = Object.entries(Resources).filter(([id]) => !id.includes('Reconciler'));
    expect(ofReceiver.length).toBeLessThan(Object.keys(Resources).length);
    expect(findRemovals(deployed, { Resources: Object.fromEntries(ofReceiver) })).toEqual([]);
  });
});
