import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { DeploymentError } from '../../infra/deployment-settings.ts';
import { deployedWith, removeScratch } from './deployed.ts';
import { propertiesOf } from './template-reading.ts';

// Each synthesis is a second's work, and several on a busy machine.
jest.setTimeout(30_000);

afterAll(removeScratch);

const CANARY = { CANARY: '10percent5minutes' };
const VPC = { VPC_ID: 'vpc-01234567', SUBNET_IDS: 'subnet-01234567' };
const RECEIVER = { Ref: expect.stringMatching(/^FrontDoorReceiverFunction/) };
const ALIAS = { Ref: expect.stringMatching(/^FrontDoorCanaryAlias/) };

const versionsIn = (template: Template): string[] =>
  Object.keys(template.findResources('AWS::Lambda::Version'));

test('without the setting, the API invokes the function itself, and no version is published', () => {
  const template = deployedWith({});
  expect(versionsIn(template)).toEqual([]);
  expect(propertiesOf(template, 'AWS::CodeDeploy::DeploymentGroup')).toEqual([]);
  expect(propertiesOf(template, 'AWS::ApiGatewayV2::Integration')).toMatchObject([
    { IntegrationUri: { 'Fn::GetAtt': [expect.stringMatching(/^FrontDoorReceiverFunction/), 'Arn'] } },
  ]);
});

describe('with a canary', () => {
  let template: Template;

  beforeAll(() => {
    template = deployedWith(CANARY);
  });

  test('a version of the receiver is published, and outlives the deployment that replaces it', () => {
    expect(Object.values(template.findResources('AWS::Lambda::Version'))).toMatchObject([
      {
        Properties: { FunctionName: RECEIVER },
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      },
    ]);
  });

  test('the only integration, to which the reconciler adds its routes, invokes the alias', () => {
    expect(propertiesOf(template, 'AWS::Lambda::Alias')).toMatchObject([
      { Name: 'live', FunctionName: RECEIVER },
    ]);
    expect(Object.values(template.findResources('AWS::ApiGatewayV2::Integration'))).toMatchObject([
      {
        Properties: { IntegrationType: 'AWS_PROXY', IntegrationUri: ALIAS },
        DependsOn: [expect.stringMatching(/^FrontDoorApiPermission/)],
      },
    ]);
  });

  test('the API may invoke the alias, and not the function', () => {
    const ofGateway = { Properties: { Principal: 'apigateway.amazonaws.com' } };
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission', ofGateway));
    expect(permissions).toMatchObject([{ Properties: { FunctionName: ALIAS } }]);
  });

  test('CodeDeploy shifts the alias, and back when an alarm of the receiver starts', () => {
    expect(Object.values(template.findResources('AWS::Lambda::Alias'))).toMatchObject([
      {
        UpdatePolicy: {
          CodeDeployLambdaAliasUpdate: {
            ApplicationName: { Ref: expect.stringMatching(/^FrontDoorCanaryApplication/) },
            DeploymentGroupName: { Ref: expect.stringMatching(/^FrontDoorCanaryDeployments/) },
          },
        },
      },
    ]);
    expect(propertiesOf(template, 'AWS::CodeDeploy::DeploymentGroup')).toMatchObject([
      {
        DeploymentGroupName: 'kargo-receiver',
        DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
        AlarmConfiguration: {
          Enabled: true,
          Alarms: [
            { Name: { Ref: expect.stringMatching(/^FrontDoorObservabilityreceivererrors/) } },
            { Name: { Ref: expect.stringMatching(/^FrontDoorObservabilityservererrors/) } },
          ],
        },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'],
        },
      },
    ]);
  });

  test('CodeDeploy can change the aliases of no other function', () => {
    const ofCodeDeploy = {
      Properties: { Description: 'Shifts deliveries to new versions of kargo-receiver' },
    };
    const receiver = { 'Fn::GetAtt': [expect.stringMatching(/^FrontDoorReceiverFunction/), 'Arn'] };
    expect(Object.values(template.findResources('AWS::IAM::Role', ofCodeDeploy))).toMatchObject([
      {
        Properties: {
          Policies: [
            {
              PolicyDocument: {
                Statement: [
                  {
                    Sid: 'KeepToReceiver',
                    Effect: 'Deny',
                    Action: ['lambda:UpdateAlias', 'lambda:InvokeFunction'],
                    NotResource: [receiver, { 'Fn::Join': ['', [receiver, ':*']] }],
                  },
                ],
              },
            },
          ],
        },
      },
    ]);
  });

  test('a setting of the function makes a new version', () => {
    expect(versionsIn(deployedWith({ ...CANARY, MEMORY_SIZE: '256' }))).not.toEqual(versionsIn(template));
  });

  test('what Lambda keeps outside versions makes no new one, which Lambda would refuse', () => {
    const outside = {
      RECEIVER_CONCURRENCY: '3',
      TAGS: 'team=platform',
      ALARM_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:on-call',
    };
    expect(versionsIn(deployedWith({ ...CANARY, ...outside }))).toEqual(versionsIn(template));
  });
});

test.each([
  ['10percent10minutes', 'CodeDeployDefault.LambdaCanary10Percent10Minutes'],
  ['10percent15minutes', 'CodeDeployDefault.LambdaCanary10Percent15Minutes'],
  ['10percent30minutes', 'CodeDeployDefault.LambdaCanary10Percent30Minutes'],
])('CANARY=%s is the configuration %s', (setting, DeploymentConfigName) => {
  const template = deployedWith({ CANARY: setting });
  expect(propertiesOf(template, 'AWS::CodeDeploy::DeploymentGroup')).toMatchObject([
    { DeploymentConfigName },
  ]);
});

test("in a VPC, the code of a version has no more network rights than the function's", () => {
  const roles = propertiesOf(deployedWith({ ...CANARY, ...VPC }), 'AWS::IAM::Role');
  const [receiver, reconciler] = roles.map((role) => JSON.stringify(role));
  expect(receiver).toContain(':function:kargo-receiver:*"');
  expect(reconciler).not.toContain(':function:kargo-reconciler:*"');
});

test('refuses another configuration', () => {
  expect(() => deployedWith({ CANARY: 'true' })).toThrow(
    new DeploymentError([
      'CANARY must be one of 10percent5minutes, 10percent10minutes, 10percent15minutes, 10percent30minutes, false',
    ]),
  );
});
