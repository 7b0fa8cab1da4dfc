import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadGoRegex } from '../../../../lib/core/kargo/commit-selection/go-regex.ts';
import { parseSemverConstraint } from '../../../../lib/core/kargo/commit-selection/semver-constraint.ts';
import { parseSemverVersion } from '../../../../lib/core/kargo/commit-selection/semver-version.ts';
import { compileTagRegex } from '../../../../lib/core/kargo/commit-selection/tag-filter.ts';

interface Answers {
  readonly tags: readonly string[];
  readonly loose: readonly number[];
  readonly strict: readonly number[];
  readonly constraints: readonly { text: string; wellFormed: boolean; allows: readonly number[] }[];
  readonly regexes: readonly { pattern: string; wellFormed: boolean; matches: readonly number[] }[];
}

beforeAll(loadGoRegex);

const file = new URL('../../../fixtures/commit-selection/answers.json', import.meta.url);
const answers = JSON.parse(readFileSync(file, 'utf8')) as Answers;
const { tags, constraints, regexes } = answers;

const tagsAt = (places: readonly number[]): (string | undefined)[] => places.map((at) => tags[at]);

describe('agrees with the recorded answers of Masterminds/semver and Go:', () => {
  test.each([
    { strict: false, expected: tagsAt(answers.loose) },
    { strict: true, expected: tagsAt(answers.strict) },
  ])('which tags are versions, strict: $strict', ({ strict, expected }) => {
    expect(tags.filter((tag) => parseSemverVersion(tag, { strict }))).toEqual(expected);
  });

  test.each(constraints)('constraint $text', ({ text, wellFormed, allows }) => {
    const parsed = parseSemverConstraint(text);
    expect(parsed.kind).toBe(wellFormed ? 'constraint' : 'malformed');
    const allowed = tags.filter((tag) => {
      const version = parseSemverVersion(tag, { strict: false });
      return version && parsed.kind === 'constraint' && parsed.constraint.allows(version);
    });
    expect(allowed).toEqual(tagsAt(allows));
  });

  test.each(regexes)('expression $pattern', ({ pattern, wellFormed, matches }) => {
    const compiled = compileTagRegex(pattern, 'allowTagsRegexes[0]');
    expect(compiled.kind).toBe(wellFormed ? 'regex' : 'fault');
    expect(tags.filter((tag) => compiled.kind === 'regex' && compiled.matches(tag))).toEqual(tagsAt(matches));
  });
});
