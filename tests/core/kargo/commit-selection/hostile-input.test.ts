import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Ref } from '../../../../lib/core/bitbucket/event.ts';
import { judgeSelection } from '../../../../lib/core/kargo/commit-selection/commit-selection.ts';
import { readGitSubscription } from '../../../../lib/core/kargo/commit-selection/git-subscription.ts';
import { parseSemverConstraint } from '../../../../lib/core/kargo/commit-selection/semver-constraint.ts';
import { parseSemverVersion } from '../../../../lib/core/kargo/commit-selection/semver-version.ts';
import { PatternAllowance } from '../../../../lib/core/kargo/commit-selection/tag-filter.ts';
import { judgeWarehouse } from '../../../../lib/core/kargo/warehouse.ts';
import { anyText } from '../../../support/any-text.ts';
import { countSteps, finish } from '../../../support/steps.ts';

const repoURL = 'https://bitbucket.org/acme/shop';
const addresses = ['bitbucket.org/acme/shop'];
const strategies = ['', 'NewestFromBranch', 'Lexical', 'NewestTag', 'SemVer', 'Newest'];
const branch = (name: string): Ref => ({ kind: 'branch', name });
const tag = (name: string): Ref => ({ kind: 'tag', name });

/** Judges a push for a Warehouse with these Git subscriptions. */
const judge = (refs: readonly Ref[], ...git: readonly object[]) => {
  const subscriptions = git.map((fields) => ({
    git: { repoURL, commitSelectionStrategy: 'NewestTag', ...fields },
  }));
  return countSteps(judgeWarehouse({ kind: 'push', addresses, refs }, { spec: { subscriptions } }));
};

/** The slowest known pattern to compile in RE2JS for its length: 0.4 s. */
const slow = `(?i)[${'\\pL'.repeat(1350)}]i`;

/** Texts of the characters and words that the parsers handle. */
const text = fc.oneof(
  anyText,
  fc.string(),
  fc.stringMatching(/^[vxX0-9.*|,<>=!~^ a+-]{0,20}$/),
  fc.stringMatching(/^[()[\]{}\\?P<>:|*+^$.a-dQEpL0-9-]{0,20}$/),
);

test('judging never throws, whatever the subscription and the refs', () => {
  const git = fc.record(
    {
      repoURL: fc.constant(repoURL),
      commitSelectionStrategy: fc.constantFrom(...strategies),
      branch: text,
      semverConstraint: text,
      strictSemvers: fc.boolean(),
      allowTagsRegexes: fc.array(text, { maxLength: 3 }),
      ignoreTagsRegexes: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['repoURL', 'commitSelectionStrategy'] },
  );
  const refs = fc.record({ kind: fc.constantFrom('branch' as const, 'tag' as const), name: text });
  const answers = fc.property(fc.oneof(git, fc.anything()), refs, (value, ref) => {
    const read = readGitSubscription(value);
    if (read.kind === 'fault') return true;
    const selection = judgeSelection(read.subscription, [ref], new PatternAllowance());
    const verdict = typeof selection === 'object' && 'next' in selection ? finish(selection) : selection;
    return typeof verdict === 'string' || verdict.kind === 'fault';
  });
  expect(fc.check(answers, { numRuns: 2000 })).toMatchObject({ failed: false });
});

describe('a branch push compiles nothing', () => {
  test.each<[what: string, fields: object]>([
    ['100 slow patterns', { allowTagsRegexes: Array<string>(100).fill(slow) }],
    ['patterns that are malformed', { allowTagsRegexes: ['('], ignoreTagsRegexes: ['['] }],
    ['a constraint', { commitSelectionStrategy: 'SemVer', semverConstraint: '1||'.repeat(1000) }],
  ])('where the subscription has %s', (_what, fields) => {
    expect(judge([branch('main')], fields)).toEqual({
      result: { kind: 'unaffected', mismatch: 'no-tag', subscription: 0 },
      count: 0,
    });
    expect(judge([branch('main')], fields, { commitSelectionStrategy: '' })).toEqual({
      result: { kind: 'affected' },
      count: 0,
    });
  });
});

describe('each expensive part of the work is a step of its own', () => {
  test.each<[what: string, refs: Ref[], fields: object, kind: string, count: number]>([
    ['nothing, where nothing is compiled', [tag('v1')], {}, 'affected', 0],
    ['compiling and matching a pattern', [tag('v1')], { allowTagsRegexes: ['^v'] }, 'affected', 2],
    [
      'compiling and matching 50 patterns',
      [tag('v1')],
      { allowTagsRegexes: Array<string>(50).fill('^w') },
      'unaffected',
      // 50 to compile, 50 to match, and one before the next tag.
      101,
    ],
    [
      'matching three tags with two patterns',
      [tag('v1'), branch('main'), tag('v2'), tag('v3')],
      { allowTagsRegexes: ['^w'], ignoreTagsRegexes: ['x'] },
      'unaffected',
      11,
    ],
    [
      'parsing a constraint',
      [tag('v1')],
      { commitSelectionStrategy: 'SemVer', semverConstraint: '^1' },
      'affected',
      1,
    ],
    [
      'comparing three versions',
      [tag('1'), tag('2'), tag('3')],
      { commitSelectionStrategy: 'SemVer', semverConstraint: '^4' },
      'unaffected',
      4,
    ],
    [
      'rejecting the first of seven slow patterns',
      [tag('v1')],
      { allowTagsRegexes: Array<string>(7).fill(slow) },
      'broken',
      1,
    ],
  ])('%s', (_what, refs, fields, kind, count) => {
    expect(judge(refs, fields)).toMatchObject({ result: { kind }, count });
  });
});

describe('expressions that make other engines backtrack are answered', () => {
  const name = `${'a'.repeat(400)}!`;

  test.each([
    ['(a+)+$', 'unaffected'],
    ['(a|aa)+$', 'unaffected'],
    ['(?:a?){30}a{30}', 'affected'],
    ['(.*)*x', 'unaffected'],
    ['[a-z]{1,500}x', 'unaffected'],
  ])('%s', (pattern, kind) => {
    expect(judge([tag(name)], { allowTagsRegexes: [pattern] }).result.kind).toBe(kind);
  });
});

describe('an expression over a limit makes the Warehouse broken, with the limit as reason', () => {
  const patterns = (count: number, pattern = 'v') => Array<string>(count).fill(pattern);
  const allow = (...allowTagsRegexes: string[]) => ({ allowTagsRegexes });
  const complex = 'is too complex: it repeats too much, too often (more than 5000 instructions)';

  test.each<[what: string, git: object[], reason: string]>([
    [
      '4,097 characters',
      [allow('a'.repeat(4097))],
      '[0].git.allowTagsRegexes[0]: is longer than 4096 characters',
    ],
    [
      'Unicode classes under (?i)',
      [allow('v', slow)],
      String.raw`[0].git.allowTagsRegexes[1]: has more than 32 Unicode classes such as \pL`,
    ],
    [
      'Unicode classes as alternatives',
      [{ ignoreTagsRegexes: ['\\p{Greek}|'.repeat(33)] }],
      String.raw`[0].git.ignoreTagsRegexes[0]: has more than 32 Unicode classes such as \pL`,
    ],
    [
      'wide ranges under (?i)',
      [allow('(?i)[A-\u9000A-\u9000A-\u9000A-\u9000A-\u9000]')],
      '[0].git.allowTagsRegexes[0]: has ranges of more than 150000 characters under (?i)',
    ],
    [
      'wide ranges by escapes',
      [allow(String.raw`(?i)[\x{41}-\x{1E942}+--\x{1e942}]`)],
      '[0].git.allowTagsRegexes[0]: has ranges of more than 150000 characters under (?i)',
    ],
    ['580,000 instructions', [allow('a{1000}'.repeat(580))], `[0].git.allowTagsRegexes[0]: ${complex}`],
    ['nested repetitions', [allow('((a{10}){10}){10}'.repeat(5))], `[0].git.allowTagsRegexes[0]: ${complex}`],
    ['a repeated Unicode class', [allow(String.raw`^\pL{1000}$`)], `[0].git.allowTagsRegexes[0]: ${complex}`],
    [
      'a repetition after an empty quotation',
      [allow(`(${'a'.repeat(99)})${String.raw`\Q\E`}{60}`)],
      `[0].git.allowTagsRegexes[0]: ${complex}`,
    ],
    [
      'instructions of a list together',
      [allow('.{1000}', '.{1000}', '.{1000}.{1000}', '.{1000}')],
      '[0].git.allowTagsRegexes[3]: is too complex: it and the patterns before it repeat too much, too often',
    ],
    [
      '51 patterns',
      [{ ignoreTagsRegexes: patterns(51) }],
      '[0].git.ignoreTagsRegexes: has more than 50 patterns',
    ],
    [
      'bytes of a list together',
      [allow(...patterns(9, 'é'.repeat(2000)))],
      '[0].git.allowTagsRegexes: has more than 32768 bytes of patterns',
    ],
    [
      'patterns of a Warehouse together',
      [allow(...patterns(50, 'w')), allow(...patterns(50, 'w')), allow('w')],
      '[2].git.allowTagsRegexes: exceeds the limit of 100 tag patterns per Warehouse and repository',
    ],
    [
      'bytes of a Warehouse together',
      [1, 2, 3].map(() => allow(...patterns(8, `[${'é'.repeat(1400)}]`))),
      '[2].git.allowTagsRegexes: exceeds the limit of 65536 bytes of tag patterns per Warehouse and repository',
    ],
    [
      'instructions of a Warehouse together',
      [1, 2, 3, 4, 5].map(() => allow('w{1000}', 'w{1000}', 'w{1000}', 'w{1000}', 'w{900}')),
      '[4].git.allowTagsRegexes[0]: exceeds the limit of 20000 instructions of tag patterns per Warehouse and repository',
    ],
    [
      'nesting',
      [allow('('.repeat(2000) + ')'.repeat(2000))],
      '[0].git.allowTagsRegexes[0]: error parsing regexp: expression nests too deeply',
    ],
  ])('%s', (_what, git, reason) => {
    const { result } = judge([tag('v1')], ...git);
    expect(result.kind === 'broken' && result.reason.slice(0, reason.length + 18)).toBe(
      `spec.subscriptions${reason}`,
    );
  });

  test('too complex for a long name, but not for a short one', () => {
    const fields = allow('[a-z]{1,1000}!');
    expect(judge([tag('v!')], fields).result).toEqual({ kind: 'affected' });
    expect(judge([tag(`${'a'.repeat(300)}!`)], fields).result).toEqual({
      kind: 'broken',
      reason:
        'spec.subscriptions[0].git.allowTagsRegexes[0]: is too complex for the name of the pushed tag, of 301 characters',
    });
  });
});

describe('an expression that ends too early is rejected without backtracking', () => {
  test.each([
    ['in a class', `[${String.raw`\p{L}`.repeat(32)}\\`, 'error parsing regexp: trailing backslash'],
    [
      'in a class of named classes',
      `[${'[:a:]'.repeat(800)}\\`,
      'error parsing regexp: invalid character class range',
    ],
    ['in a named class', `[${'[:'.repeat(2000)}`, 'error parsing regexp: missing closing ]'],
    ['in a Unicode class', String.raw`\p{`.repeat(32), 'error parsing regexp: invalid character class range'],
    ['in a group', '(?P<'.repeat(1000), 'error parsing regexp: invalid named capture'],
    ['in a repetition', `a${'{1,'.repeat(1000)}\\`, 'error parsing regexp: trailing backslash'],
  ])('%s', (_what, pattern, message) => {
    const { result } = judge([tag('v1')], { allowTagsRegexes: [pattern] });
    const reason = `spec.subscriptions[0].git.allowTagsRegexes[0]: ${message}`;
    expect(result.kind === 'broken' && result.reason.slice(0, reason.length)).toBe(reason);
  });
});

describe('a usual expression is within the limits', () => {
  const alternatives = Array.from({ length: 400 }, (_none, index) => `release-${index}`);

  test.each([
    ['release-399', alternatives.join('|').slice(0, 4096)],
    ['release-399', `(?i)^(?:${alternatives.join('|').slice(0, 4000)}|release-399)$`],
    [
      'v1',
      alternatives
        .map((alternative) => `v1|${alternative}`)
        .join('|')
        .slice(0, 4090),
    ],
    ['Größe-7', String.raw`(?i)^[a-zß-öø-ÿ]+-\p{Nd}+$`],
    ['发布-1', '(?i)^[一-龥]+-[0-9]+$'],
    ['日本', String.raw`^[\p{Han}\p{Hiragana}\p{Katakana}]{1,64}$`],
    [
      'v1.2.3-rc.1',
      String.raw`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$`,
    ],
    ['build-20260504', String.raw`^build-\d{1,1000}$`],
  ])('that selects %s', (name, pattern) => {
    expect(judge([tag(name)], { allowTagsRegexes: [pattern] }).result).toEqual({ kind: 'affected' });
  });
});

describe('hostile constraints and versions', () => {
  test.each([
    ['constraint', '>=1,'.repeat(1023) + '1'],
    ['constraint', '1||'.repeat(1000) + '1'],
    ['constraint', '1 - 2,'.repeat(600) + '1'],
    ['malformed', ' '.repeat(4096)],
    ['malformed', ' - '.repeat(1365)],
    ['malformed', `1-${'a.'.repeat(2000)}_ - 2`],
    ['malformed', '1||'.repeat(1_000_000)],
  ])('are parsed quickly: %s %#', (kind, constraint) => {
    expect(parseSemverConstraint(constraint).kind).toBe(kind);
  });

  test.each([
    [false, '1'.repeat(1_000_000)],
    [true, '0'.repeat(1_000_000)],
    [true, `1-${'a.'.repeat(1_000_000)}a`],
    [false, `1-${'a.'.repeat(1_000_000)}_`],
  ])('are parsed quickly: a version, %s, %#', (expected, version) => {
    expect(parseSemverVersion(version, { strict: false }) !== undefined).toBe(expected);
  });
});
