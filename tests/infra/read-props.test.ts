import { describe, expect, test } from '@jest/globals';
import { App, aws_certificatemanager as acm, aws_ec2 as ec2, aws_kms as kms, Lazy, Stack } from 'aws-cdk-lib';
import { DeploymentError, readDeploymentSettings } from '../../infra/deployment-settings.ts';
import type { KargoFrontDoorProps } from '../../infra/front-door-props.ts';
import { readProps } from '../../infra/read-props.ts';
import { clusterCa } from './cluster-ca.ts';

const stack = new Stack(new App(), 'Platform');
const group = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1');
const key = kms.Key.fromKeyArn(
  stack,
  'Key',
  'arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',
);
const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:1');
const later = Lazy.string({ produce: () => 'known later' });

function faultOf(props: KargoFrontDoorProps): string {
  try {
    readProps(props);
  } catch (error) {
    if (error instanceof DeploymentError) return error.message;
    throw error;
  }
  return 'none';
}

test('without props, the settings are those of an empty environment', () => {
  expect(readProps({})).toEqual(readDeploymentSettings({ get: () => undefined }));
});

describe('reads', () => {
  test.each<[KargoFrontDoorProps, object]>([
    [
      { receiverBaseUrl: 'https://hooks.example.com/kargo/' },
      { RECEIVER_BASE_URL: 'https://hooks.example.com/kargo' },
    ],
    [{ secretPrefix: 'team/' }, { SECRET_NAME_TEMPLATE: 'team/{namespace}/{name}' }],
    [{ rotationGraceHours: 0.5 }, { ROTATION_GRACE_HOURS: '0.5' }],
    [
      { memorySize: 1024, tracing: true },
      { MEMORY_SIZE: 1024, TRACING: 'true' },
    ],
    [{ projects: ['team-*', '(cluster)'] }, { PROJECTS: ['team-*', '(cluster)'] }],
    [
      { maxReceiversPerProject: 5, dryRun: true },
      { MAX_RECEIVERS_PER_PROJECT: '5', DRY_RUN: 'true' },
    ],
    [{ concurrency: { receiver: 0, reconciler: 2 } }, { RECEIVER_CONCURRENCY: 0, RECONCILER_CONCURRENCY: 2 }],
    [{ canary: '10percent30minutes' }, { CANARY: '10percent30minutes' }],
    [{ canary: false }, { CANARY: 'false' }],
    [{ logRemoval: 'destroy' }, { LOG_REMOVAL: 'destroy' }],
    [{ logLevel: 'DEBUG' }, { LOG_LEVEL: 'DEBUG' }],
    [{ tags: { team: 'platform', env: 'prod' } }, { TAGS: ['team=platform', 'env=prod'] }],
    [{ cluster: { kubeconfigSecret: 'ops/kubeconfig' } }, { KUBECONFIG_SECRET_ID: 'ops/kubeconfig' }],
    [
      {
        registry: {
          url: 'https://packages.example.com',
          tokenSecret: 'ops/token',
          webhookSecret: 'ops/webhook',
          bitbucketUrl: 'https://git.example.com',
        },
      },
      {
        CARGOMAN_URL: 'https://packages.example.com',
        CARGOMAN_TOKEN_SECRET_ID: 'ops/token',
        BITBUCKET_WEBHOOK_SECRET_ID: 'ops/webhook',
        BITBUCKET_URL: 'https://git.example.com',
        KUBECONFIG_SECRET_ID: undefined,
      },
    ],
  ])('%j', (props, expected) => {
    expect(readProps(props)).toMatchObject(expected);
  });
});

describe('rejects a prop', () => {
  test.each<[KargoFrontDoorProps, string]>([
    [
      { receiverBaseUrl: 'hooks.example.com' },
      'receiverBaseUrl must be an http(s) URL without user, query and fragment, such as https://hooks.example.com/kargo',
    ],
    [
      { secretNameTemplate: 'kargo/{namespace}' },
      'secretNameTemplate must hold {namespace} and {name} once each, with a "/" between them',
    ],
    [
      { secretPrefix: '' },
      'secretNameTemplate must begin with a fixed part, to which the roles are confined',
    ],
    [{ systemResourcesNamespace: 'A B' }, 'systemResourcesNamespace must be the name of a namespace'],
    [{ rotationGraceHours: Number.NaN }, 'rotationGraceHours must be a number of hours, 0 or more'],
    [
      { logRetentionDays: 91 },
      'logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653',
    ],
    [{ logLevel: 'LOUD' }, 'logLevel must be one of TRACE, DEBUG, INFO, WARN, ERROR, CRITICAL, SILENT'],
    [
      { domain: { domainName: 'https://hooks.example.com', certificate } },
      'domain.domainName must be a domain name, such as hooks.example.com',
    ],
    [
      { domain: { domainName: 'hooks.example.com', certificate, basePath: 'a b' } },
      'domain.basePath must be a path of letters, digits, ".", "_" and "-"',
    ],
    [
      { cluster: { name: 'apps', endpoint: 'eks.example.com', ca: clusterCa } },
      'cluster.endpoint must be an https URL',
    ],
    [{ maxReceiversPerProject: 0 }, 'maxReceiversPerProject must be a whole number from 1 to 999999'],
    [{ concurrency: { receiver: 0.5 } }, 'concurrency.receiver must be a whole number'],
    [{ vpcEndpoints: true }, 'vpcEndpoints needs vpc'],
    [{ subnets: {} }, 'vpc, subnets must be set together'],
    [
      { registry: { url: 'https://packages.example.com', tokenSecret: 'kargo/demo/token' } },
      'secretNameTemplate "kargo/{namespace}/{name}" must not let a project name the system\'s own secret "kargo/demo/token". Begin it with a part of its own, such as kargo/{namespace}/{name}',
    ],
    [
      { rotationGraceHours: -1, securityGroups: [group], clusterSecurityGroup: group },
      'rotationGraceHours must be a number of hours, 0 or more; ' +
        'securityGroups needs vpc; clusterSecurityGroup needs vpc',
    ],
  ])('%#: %s', (props, fault) => {
    expect(faultOf(props)).toBe(fault);
  });
});

test('the ARN of a key is that of its construct', () => {
  expect(readProps({ logsKey: key })).toMatchObject({
    LOGS_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',
  });
  const made = new kms.Key(stack, 'OwnKey');
  expect(readProps({ secretsKey: made }).SECRETS_KEY_ARN).toBe(made.keyArn);
});

test('a value that is known only at the deployment is taken as it is', () => {
  const cluster = { name: 'apps', endpoint: later, ca: later };
  expect(readProps({ cluster, receiverBaseUrl: later, logLevel: later })).toMatchObject({
    EKS_CLUSTER_NAME: 'apps',
    EKS_CLUSTER_ENDPOINT: later,
    EKS_CLUSTER_CA: later,
    KUBECONFIG_SECRET_ID: undefined,
    RECEIVER_BASE_URL: later,
    LOG_LEVEL: later,
  });
});

test('a range of addresses may be known only at the deployment', () => {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'] });
  const props = { vpc, vpcEndpoints: true, limitEgress: true };
  expect(faultOf({ ...props, egressCidrs: [later] })).toBe('none');
  expect(faultOf(props)).toBe(
    'limitEgress needs clusterSecurityGroup or egressCidrs: where the cluster API is',
  );
});

test('a value that decides the rights of the roles must be known', () => {
  expect(faultOf({ secretPrefix: later })).toBe(
    'secretNameTemplate must hold {namespace} and {name} once each, with a "/" between them',
  );
});
