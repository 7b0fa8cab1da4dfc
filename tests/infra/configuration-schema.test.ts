import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { configurationSchema } from '../../infra/configuration-schema.ts';
import { readDeployment } from '../../infra/deployment.ts';
import { clusterCa } from './cluster-ca.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const schema = JSON.parse(readFileSync(join(ROOT, 'front-door.schema.json'), 'utf8')) as object;
const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

test('the schema is that of the settings: npm run schema writes it', () => {
  expect(schema).toEqual(configurationSchema(readFileSync(join(ROOT, 'docs', 'settings.md'), 'utf8')));
});

test('every setting is described', () => {
  const { properties } = schema as { properties: Record<string, { description: string }> };
  const undescribed = Object.entries(properties).filter(([, { description }]) => description === '');
  expect(undescribed).toEqual([]);
  expect(properties['MEMORY_SIZE']).toEqual({
    description: 'Memory of each function, in MB, from 128 to 10240.',
    type: ['integer', 'null'],
  });
});

test.each([
  ['MEMORY_SIZE: 512', true],
  ['MEMORY_SIZE: large', false],
  ['TRACING: true', true],
  ["TRACING: 'true'", true],
  ['TRACING: maybe', false],
  ['LOG_RETENTION_DAYS: 30', true],
  ['LOG_RETENTION_DAYS: 31', false],
  ['SUBNET_IDS: [subnet-1]', true],
  ['SUBNET_IDS: { a: b }', false],
  ['TAGS: { team: platform }', true],
  ['VPC: vpc-1', false],
])('an editor accepts %s: %p', (text, accepted) => {
  expect(isValid(parse(text))).toBe(accepted);
});

describe.each(readdirSync(join(ROOT, 'examples')))('the example %s', (file) => {
  const folder = mkdtempSync(join(tmpdir(), 'kargo-front-door-example-'));
  const text = readFileSync(join(ROOT, 'examples', file), 'utf8');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('names its schema, and is valid by it', () => {
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/front-door\.schema\.json\n/);
    expect(isValid(parse(text))).toBe(true);
  });

  test('can be deployed once the certificate is the real one', () => {
    writeFileSync(join(folder, 'front-door.yaml'), text.replace(/LS0t.*\.\.\./, clusterCa));
    const { environment, settings } = readDeployment({ get: () => undefined, folder });
    expect(environment).toEqual({ region: 'eu-central-1', account: '123456789012' });
    expect(settings).toMatchObject({ ALARM_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:on-call' });
  });
});
