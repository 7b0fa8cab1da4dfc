import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { deployedWith, removeScratch, statementIdsOf } from './deployed.ts';
import { environmentOf, functionOf, propertiesOf } from './template-reading.ts';

afterAll(removeScratch);

describe('with credentials for Bitbucket', () => {
  let template: Template;

  beforeAll(() => {
    template = deployedWith({ BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket' });
  });

  test('the registrar runs every five minutes, and it alone reads them', () => {
    expect(functionOf(template, 'kargo-registrar')).toMatchObject({
      Timeout: 270,
      ReservedConcurrentExecutions: 1,
      Handler: 'functions/registrar.handler',
    });
    expect(propertiesOf(template, 'AWS::Events::Rule')).toMatchObject([
      { ScheduleExpression: 'rate(1 minute)' },
      { ScheduleExpression: 'rate(5 minutes)' },
    ]);
    expect(environmentOf(template, 'registrar')).toMatchObject({
      BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
      DRY_RUN: 'false',
    });
    for (const name of ['receiver', 'reconciler'])
      expect(environmentOf(template, name)).not.toHaveProperty('BITBUCKET_CREDENTIALS_SECRET_ID');
    const readers = statementIdsOf(template).map((ids) => ids?.includes('ReadBitbucketCredentials'));
    expect(readers).toEqual([false, false, false, true]);
  });

  test('the receiver reads them too where path filters decide by changed files', () => {
    const changed = deployedWith({
      BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
      CHANGED_FILES: 'true',
    });
    expect(environmentOf(changed, 'receiver')).toMatchObject({
      BITBUCKET_CREDENTIALS_SECRET_ID: 'kargo-front-door/bitbucket',
      CHANGED_FILES: 'true',
    });
    const readers = statementIdsOf(changed).map((ids) => ids?.includes('ReadBitbucketCredentials'));
    expect(readers).toEqual([true, false, false, true]);
  });

  test('the registrar has alarms', () => {
    const names = (propertiesOf(template, 'AWS::CloudWatch::Alarm') as { AlarmName: string }[]).map(
      ({ AlarmName }) => AlarmName,
    );
    expect(names).toEqual(
      expect.arrayContaining(['kargo-registrar-errors', 'kargo-registrar-silent', 'kargo-failing-webhooks']),
    );
  });
});
