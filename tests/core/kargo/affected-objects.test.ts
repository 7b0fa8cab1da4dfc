import { expect, test } from '@jest/globals';
import type { PushEvent, Ref } from '../../../lib/core/bitbucket/event.ts';
import { prepareJudging } from '../../../lib/core/kargo/affected-objects.ts';
import { compileGoRegex } from '../../../lib/core/kargo/commit-selection/go-regex.ts';
import { compilePathFilter } from '../../../lib/core/kargo/commit-selection/path-filter.ts';

const push = (...refs: Ref[]): PushEvent => ({ kind: 'push', addresses: ['bitbucket.org/acme/shop'], refs });

test('only a pushed tag has the library for expressions loaded', async () => {
  await prepareJudging(push({ kind: 'branch', name: 'main' }));
  await prepareJudging({
    kind: 'pull-request-closed',
    url: 'https://bitbucket.org/acme/shop/pull-requests/1',
  });
  await compilePathFilter({ includePaths: ['src'], excludePaths: ['docs/a.md'] });
  expect(() => compileGoRegex('^v')).toThrow('RE2JS is not loaded');
  await prepareJudging(push({ kind: 'branch', name: 'main' }, { kind: 'tag', name: 'v1' }));
  expect(compileGoRegex('(')).toBe('error parsing regexp: missing closing ): `(`');
});
