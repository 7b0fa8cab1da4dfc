import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  compilePathFilter,
  quotePath,
  readPathSelectors,
} from '../../../../lib/core/kargo/commit-selection/path-filter.ts';

interface Recorded {
  readonly questions: readonly {
    readonly selector: string;
    readonly valid: boolean;
    readonly answers: Readonly<Record<string, boolean>>;
  }[];
}

const { questions } = JSON.parse(
  readFileSync(new URL('../../../fixtures/path-filters/answers.json', import.meta.url), 'utf8'),
) as Recorded;

/** Selectors that Kargo accepts and that are not translated: what they narrow is refreshed. */
const UNTRANSLATED = [
  'glob:a{**,x}',
  'glob:x{**}',
  'glob:[!a]*',
  'glob:[^a]',
  'glob:a[.-0]b',
  'glob:apps/',
  'glob:apps/**/',
  'glob:**/',
];

const isTranslated = ({ selector, valid }: Recorded['questions'][number]): boolean =>
  valid && !UNTRANSLATED.includes(selector);

test.each(questions.filter(isTranslated).map(({ selector, answers }) => [selector, answers] as const))(
  'the path selector %j answers as that of Kargo',
  async (selector, answers) => {
    const filter = await compilePathFilter({ includePaths: [selector], excludePaths: [] });
    // The recorded paths are printed by Git already; those of printable ASCII are what they were.
    const plain = Object.entries(answers).filter(([path]) => quotePath(path) === path);
    expect(plain.map(([path]) => [path, filter?.passes([path])])).toEqual(plain);
  },
);

test.each(questions.filter((question) => !isTranslated(question)).map(({ selector }) => selector))(
  'the path selector %j is refused by Kargo, or not translated',
  async (selector) => {
    expect(await compilePathFilter({ includePaths: [selector], excludePaths: [] })).toBeUndefined();
  },
);

describe('a commit passes', () => {
  test.each<[string[], string[], string[], boolean]>([
    [[], ['docs'], ['docs/a.md'], false],
    [[], ['docs'], ['docs/a.md', 'src/a.ts'], true],
    [['src'], [], ['docs/a.md'], false],
    [['src'], ['src/gen'], ['src/gen/a.ts'], false],
    [['src'], ['src/gen'], ['src/gen/a.ts', 'src/a.ts'], true],
    // One path is included and excluded, the other neither: no single path passes.
    [['src'], ['src/gen'], ['src/gen/a.ts', 'docs/a.md'], false],
    [['src', 'glob:**/*.md'], [], ['docs/a.md'], true],
    [['src'], [], [], false],
    [[], ['docs'], [], false],
    [['docs'], [], ['docs/café.md'], false],
    [['glob:"docs/**'], [], ['docs/café.md'], true],
    [[String.raw`regex:\\303\\251`], [], ['docs/café.md'], true],
    [['docs'], [], ['docs/a b.md'], true],
  ])(
    'with includes %j and excludes %j and the paths %j: %s',
    async (includePaths, excludePaths, paths, expected) => {
      const filter = await compilePathFilter({ includePaths, excludePaths });
      expect(filter?.passes(paths)).toBe(expected);
    },
  );
});

test.each([
  ['src/a.ts', 'src/a.ts'],
  ['a b~.txt', 'a b~.txt'],
  ['café.txt', String.raw`"caf\303\251.txt"`],
  ['tab\tnew\nline', String.raw`"tab\tnew\nline"`],
  ['quote".txt', String.raw`"quote\".txt"`],
  ['back\\slash', String.raw`"back\\slash"`],
  ['bell\u0007\u0001\u007f', String.raw`"bell\a\001\177"`],
])('Git prints the path %j as %s', (path, expected) => {
  expect(quotePath(path)).toBe(expected);
});

test.each<[string, unknown, unknown]>([
  ['none', {}, undefined],
  ['empty lists', { includePaths: [], excludePaths: null }, undefined],
  ['a list', { includePaths: ['src'] }, { includePaths: ['src'], excludePaths: [] }],
  ['text instead of a list', { includePaths: 'src' }, undefined],
  ['a number in a list', { excludePaths: [1] }, undefined],
  ['more than 50', { excludePaths: Array.from({ length: 51 }, () => 'src') }, undefined],
  ['more than 32 KiB', { includePaths: ['x'.repeat(33_000)] }, undefined],
])('reads selectors with %s', (_title, git, expected) => {
  expect(readPathSelectors(git)).toEqual(expected);
});

test('what would take too long to decide is not decided', async () => {
  const filter = await compilePathFilter({ includePaths: ['regex:(a|b)*c{1,200}$'], excludePaths: [] });
  expect(filter?.passes(['src/a.ts'])).toBe(false);
  expect(filter?.passes(Array.from({ length: 5_000 }, (_, index) => `src/file-${index}.ts`))).toBeUndefined();
});
