import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { DeploymentError, readDeploymentSettings } from '../../infra/deployment-settings.ts';
import { readProps } from '../../infra/read-props.ts';
import { deployedWith, removeScratch } from './deployed.ts';
import { propertiesOf } from './template-reading.ts';

// Each synthesis is a second's work, and several on a busy machine.
jest.setTimeout(30_000);

afterAll(removeScratch);

const VPC = { VPC_ID: 'vpc-01234567', SUBNET_IDS: 'subnet-01234567,subnet-01234568' };
const LIMITED = { ...VPC, VPC_ENDPOINTS: 'true', LIMIT_EGRESS: 'true' };
const CLUSTER = { CLUSTER_SECURITY_GROUP_ID: 'sg-01234567' };
const REGISTRY = { CARGOMAN_URL: 'https://packages.example.com' };

const PORT = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443 };
const TO_ENDPOINTS = {
  ...PORT,
  DestinationSecurityGroupId: {
    'Fn::GetAtt': [expect.stringContaining('VpcEndpointsSecurityGroup'), 'GroupId'],
  },
};

describe('the functions may call, on port 443', () => {
  test.each([
    [
      'any address by default',
      VPC,
      [{ ...PORT, CidrIp: '0.0.0.0/0', Description: 'Cluster API and AWS APIs' }],
    ],
    [
      "the cluster's security group and the endpoints",
      { ...LIMITED, ...CLUSTER },
      [{ ...PORT, DestinationSecurityGroupId: 'sg-01234567' }, TO_ENDPOINTS],
    ],
    [
      'the range of a cluster without a security group, and the endpoints',
      { ...LIMITED, EGRESS_CIDRS: '10.20.0.0/16' },
      [TO_ENDPOINTS, { ...PORT, CidrIp: '10.20.0.0/16' }],
    ],
    [
      'a package registry alone, by its ranges, and the endpoints',
      { ...LIMITED, ...REGISTRY, EGRESS_CIDRS: '192.0.2.7/32, 198.51.100.0/24' },
      [TO_ENDPOINTS, { ...PORT, CidrIp: '192.0.2.7/32' }, { ...PORT, CidrIp: '198.51.100.0/24' }],
    ],
  ])('%s', (_what, settings, rules) => {
    const template = deployedWith(settings);
    const [functions] = propertiesOf(template, 'AWS::EC2::SecurityGroup') as [
      { SecurityGroupEgress: unknown },
    ];
    expect(functions).toMatchObject({ GroupDescription: 'The functions of kargo' });
    expect(functions.SecurityGroupEgress).toEqual(rules);
    expect(propertiesOf(template, 'AWS::EC2::SecurityGroupEgress')).toEqual([]);
  });
});

describe('refuses LIMIT_EGRESS', () => {
  const ranges =
    'EGRESS_CIDRS must be ranges of IPv4 addresses with at least 8 fixed bits, such as 10.0.0.0/16, separated by commas';

  test.each([
    [
      'without a VPC, endpoints or a cluster that it knows',
      { LIMIT_EGRESS: 'true' },
      'LIMIT_EGRESS needs VPC_ENDPOINTS; LIMIT_EGRESS needs CLUSTER_SECURITY_GROUP_ID or EGRESS_CIDRS: where the cluster API is',
    ],
    ['without endpoints', { ...VPC, ...CLUSTER, LIMIT_EGRESS: 'true' }, 'LIMIT_EGRESS needs VPC_ENDPOINTS'],
    [
      'where it does not know the cluster',
      LIMITED,
      'LIMIT_EGRESS needs CLUSTER_SECURITY_GROUP_ID or EGRESS_CIDRS: where the cluster API is',
    ],
    [
      'with security groups of the team',
      { ...LIMITED, ...CLUSTER, SECURITY_GROUP_IDS: 'sg-01234568' },
      'LIMIT_EGRESS cannot be set with SECURITY_GROUP_IDS: it limits the group that the stack makes, and the rules of your own are yours',
    ],
    [
      'where it does not know the package registry',
      { ...LIMITED, ...REGISTRY },
      'LIMIT_EGRESS with CARGOMAN_URL needs EGRESS_CIDRS: where that server is',
    ],
    [
      'where it does not know Bitbucket',
      { ...LIMITED, ...CLUSTER, BITBUCKET_CREDENTIALS_SECRET_ID: 'ops/bitbucket' },
      'LIMIT_EGRESS with BITBUCKET_CREDENTIALS_SECRET_ID needs EGRESS_CIDRS: where that server is',
    ],
    ['of any address', { ...LIMITED, EGRESS_CIDRS: '0.0.0.0/0' }, ranges],
    ['of half of all addresses', { ...LIMITED, EGRESS_CIDRS: '0.0.0.0/1' }, ranges],
    ['of an address without its range', { ...LIMITED, EGRESS_CIDRS: '10.20.0.1' }, ranges],
    ['of no IPv4 address', { ...LIMITED, EGRESS_CIDRS: '10.20.0.256/32' }, ranges],
  ])('%s', (_what, settings, fault) => {
    const read = () => readDeploymentSettings({ get: (name) => (settings as Record<string, string>)[name] });
    expect(read).toThrow(new DeploymentError([fault]));
  });
});

test('refuses ranges without a limit', () => {
  const read = () =>
    readDeploymentSettings({ get: (name) => ({ EGRESS_CIDRS: '10.0.0.0/8' })[name as 'EGRESS_CIDRS'] });
  expect(read).toThrow(new DeploymentError(['EGRESS_CIDRS needs LIMIT_EGRESS']));
});

test('refuses props in their own names', () => {
  expect(() => readProps({ limitEgress: true, egressCidrs: ['10.0.0.0/8'] })).toThrow(
    new DeploymentError(['limitEgress needs vpcEndpoints']),
  );
});
