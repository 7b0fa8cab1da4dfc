import { expect, test } from '@jest/globals';
import { isServedProject } from '../../../lib/core/kargo/project-patterns.ts';

test.each<[patterns: string[] | undefined, project: string, isServed: boolean]>([
  [undefined, 'demo', true],
  [undefined, '', true],
  [['demo'], 'demo', true],
  [['demo'], 'demo-2', false],
  [['demo', 'zoo'], 'zoo', true],
  [['team-*'], 'team-a', true],
  [['team-*'], 'team-', true],
  [['team-*'], 'my-team-a', false],
  [['*-dev'], 'shop-dev', true],
  [['a*b*c'], 'a-x-b-y-c', true],
  [['a*b*c'], 'a-x-c', false],
  [['*'], 'demo', true],
  // A `*` matches projects, not the ClusterConfig.
  [['*'], '', false],
  [['*', '(cluster)'], '', true],
  [['(cluster)'], 'demo', false],
  [['demo'], '', false],
])('with PROJECTS %j, project "%s" is served: %p', (patterns, project, isServed) => {
  expect(isServedProject(patterns, project)).toBe(isServed);
});
