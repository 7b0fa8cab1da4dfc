import { expect, test } from '@jest/globals';
import { readGitSubscription } from '../../../../lib/core/kargo/commit-selection/git-subscription.ts';

const repoURL = 'https://bitbucket.org/acme/shop';

test('keeps the fields that a selection needs, and reads null as absent', () => {
  const git = {
    repoURL,
    branch: null,
    strictSemvers: false,
    allowTagsRegexes: ['v'],
    discoveryLimit: 20,
    new: [],
  };
  expect(readGitSubscription(git)).toEqual({
    kind: 'read',
    subscription: { repoURL, strictSemvers: false, allowTagsRegexes: ['v'] },
  });
});

test.each([
  [undefined, 'git: must be an object'],
  [null, 'git: must be an object'],
  ['git', 'git: must be an object'],
  [[], 'git: must be an object'],
  [{}, 'repoURL: is missing'],
  [{ repoURL: null }, 'repoURL: is missing'],
  [{ repoURL: 7 }, 'repoURL: must be a string'],
  [{ repoURL, commitSelectionStrategy: {} }, 'commitSelectionStrategy: must be a string'],
  [{ repoURL, branch: 1 }, 'branch: must be a string'],
  [{ repoURL, semverConstraint: 1.2 }, 'semverConstraint: must be a string'],
  [{ repoURL, strictSemvers: 'true' }, 'strictSemvers: must be a boolean'],
  [{ repoURL, allowTagsRegexes: 'v' }, 'allowTagsRegexes: must be a list of strings'],
  [{ repoURL, ignoreTagsRegexes: ['v', 1] }, 'ignoreTagsRegexes[1]: must be a string'],
  [{ repoURL, allowTags: ['v'] }, 'allowTags: must be a string'],
  [{ repoURL, ignoreTags: 'v' }, 'ignoreTags: must be a list of strings'],
])('%j: %s', (git, message) => {
  expect(readGitSubscription(git)).toMatchObject({ kind: 'fault', message });
});

test('does not read inherited fields', () => {
  expect(readGitSubscription(Object.create({ repoURL }))).toMatchObject({ message: 'repoURL: is missing' });
});
