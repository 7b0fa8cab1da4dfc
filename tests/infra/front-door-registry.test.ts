import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { deployedWith, removeScratch, statementIdsOf } from './deployed.ts';
import { environmentOf, propertiesOf } from './template-reading.ts';

afterAll(removeScratch);

describe('with a package registry', () => {
  const registry = {
    CARGOMAN_URL: 'https://packages.example.com',
    CARGOMAN_TOKEN_SECRET_ID: 'ops/registry-token',
    BITBUCKET_WEBHOOK_SECRET_ID: 'ops/registry-webhook',
    BITBUCKET_URL: 'https://git.example.com',
  };
  const REGISTRY_ROUTE = { RouteKey: 'POST /api/webhooks/bitbucket' };

  const namesOf = (template: Template, type: string, name: string): string[] =>
    (propertiesOf(template, type) as Record<string, unknown>[])
      .map((properties) => String(properties[name]))
      .toSorted();
  /** Returns what the API may invoke, without the address of the API. */
  const invocationsOf = (template: Template): (string | undefined)[] =>
    propertiesOf(template, 'AWS::Lambda::Permission')
      .map((permission) => /\/\*\/POST[^"]*/.exec(JSON.stringify(permission))?.[0])
      .filter((path) => path !== undefined);

  test('beside a cluster, the receiver has a route, the rights and the settings for it', () => {
    const template = deployedWith({ ...registry, KUBECONFIG_SECRET_ID: 'k', RETRY_QUEUE: 'false' });
    expect(propertiesOf(template, 'AWS::ApiGatewayV2::Route')).toMatchObject([REGISTRY_ROUTE]);
    expect(invocationsOf(template)).toEqual(['/*/POST/bitbucket/*', '/*/POST/api/webhooks/bitbucket']);
    expect(environmentOf(template, 'receiver')).toMatchObject(registry);
    expect(environmentOf(template, 'reconciler')).not.toHaveProperty('CARGOMAN_URL');
    const [receiver, reconciler] = statementIdsOf(template);
    expect(receiver).toEqual([
      'WriteLogs',
      'ReadReceiverSecrets',
      'BatchReceiverSecrets',
      'ReadKubeconfig',
      'ReadRegistryToken',
      'ReadRegistryWebhookSecret',
    ]);
    expect(reconciler).not.toContain('ReadRegistryToken');
    expect(namesOf(template, 'AWS::CloudWatch::Alarm', 'AlarmName')).toContain('kargo-refused-syncs');
    expect(Object.keys(template.findOutputs('*'))).toContain('RegistryWebhookUrl');
  });

  describe('alone', () => {
    let template: Template;

    beforeAll(() => {
      template = deployedWith({
        CARGOMAN_URL: 'https://packages.example.com',
        ROUTES: 'shared',
        RETRY_QUEUE: 'false',
      });
    });

    test('there is the receiver, and no reconciler', () => {
      expect(namesOf(template, 'AWS::Lambda::Function', 'FunctionName')).toEqual(['kargo-receiver']);
      expect(propertiesOf(template, 'AWS::Events::Rule')).toEqual([]);
      expect(propertiesOf(template, 'AWS::ApiGatewayV2::Route')).toMatchObject([REGISTRY_ROUTE]);
      expect(invocationsOf(template)).toEqual(['/*/POST/api/webhooks/bitbucket']);
    });

    test('the receiver reads no secret, and no alarm is about Kargo', () => {
      expect(statementIdsOf(template)).toEqual([['WriteLogs']]);
      expect(environmentOf(template, 'receiver')).not.toHaveProperty('KUBECONFIG_SECRET_ID');
      expect(namesOf(template, 'AWS::CloudWatch::Alarm', 'AlarmName')).toEqual([
        'kargo-previous-secret-ending',
        'kargo-receiver-errors',
        'kargo-receiver-throttles',
        'kargo-refused-syncs',
        'kargo-server-errors',
        'kargo-signature-failures',
      ]);
      const dashboard = JSON.stringify(propertiesOf(template, 'AWS::CloudWatch::Dashboard'));
      expect(dashboard).toContain('packages synced');
      expect(dashboard).not.toContain('Reconciler');
    });
  });
});
