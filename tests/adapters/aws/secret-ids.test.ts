import { expect, test } from '@jest/globals';
import { compileSecretNameTemplate, fixedPrefixOf } from '../../../lib/adapters/aws/secret-ids.ts';

test.each([
  ['kargo/{namespace}/{name}', 'demo', 'bitbucket', 'kargo/demo/bitbucket'],
  ['{name}/of/{namespace}', 'demo', 'bitbucket', 'bitbucket/of/demo'],
  ['kargo/{namespace}/{name}', '', 'bitbucket', 'kargo/system/bitbucket'],
  // Values that look like placeholders are not replaced.
  ['kargo/{namespace}/{name}', '{name}', '{namespace}', 'kargo/{name}/{namespace}'],
  ['kargo/{namespace}/{name}', '$1', '$&', 'kargo/$1/$&'],
])('%s of project "%s", secret "%s" is %s', (template, project, secretName, id) => {
  expect(compileSecretNameTemplate(template, 'system')({ project, name: 'bb', secretName })).toBe(id);
});

test.each([
  ['kargo/{namespace}/{name}', 'kargo/'],
  ['{namespace}/{name}', ''],
  ['a-{name}/{namespace}', 'a-'],
])('the fixed part of %s', (template, prefix) => {
  expect(fixedPrefixOf(template)).toBe(prefix);
});
