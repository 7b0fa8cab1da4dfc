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

const repeated = (count: number, pattern: string) => Array<string>(count).fill(pattern);
const allow = (...allowTagsRegexes: string[]) => ({ allowTagsRegexes });
const semver = (semverConstraint: string) => ({ commitSelectionStrategy: 'SemVer', semverConstraint });

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
    ['100 slow patterns', allow(...repeated(100, slow))],
    ['patterns that are malformed', { allowTagsRegexes: ['('], ignoreTagsRegexes: ['['] }],
    ['a constraint', semver('1||'.repeat(1000))],
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
    ['compiling and matching a pattern', [tag('v1')], allow('^v'), 'affected', 2],
    // 50 to compile, 50 to match, and one before the next tag.
    ['compiling and matching 50 patterns', [tag('v1')], allow(...repeated(50, '^w')), 'unaffected', 101],
    [
      'matching three tags with two patterns',
      [tag('v1'), branch('main'), tag('v2'), tag('v3')],
      { allowTagsRegexes: ['^w'], ignoreTagsRegexes: ['x'] },
      'unaffected',
      11,
    ],
    ['parsing a constraint', [tag('v1')], semver('^1'), 'affected', 1],
    ['comparing three versions', [tag('1'), tag('2'), tag('3')], semver('^4'), 'unaffected', 4],
    ['rejecting the first of seven slow patterns', [tag('v1')], allow(...repeated(7, slow)), 'broken', 1],
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
    expect(judge([tag(name)], allow(pattern)).result.kind).toBe(kind);
  });
});

describe('an expression over a limit makes the Warehouse broken, with the limit as reason', () => {
  const first = '[0].git.allowTagsRegexes[0]:';
  const complex = `${first} is too complex: it repeats too much, too often (more than 5000 instructions)`;
  const wide = `${first} has ranges of more than 150000 characters under (?i)`;
  const classes = String.raw`has more than 32 Unicode classes such as \pL`;
  const exceeds = 'exceeds the limit of';
  const perWarehouse = 'of tag patterns per Warehouse and repository';

  test.each<[what: string, git: object[], reason: string]>([
    ['4,097 characters', [allow('a'.repeat(4097))], `${first} is longer than 4096 characters`],
    ['Unicode classes under (?i)', [allow('v', slow)], `[0].git.allowTagsRegexes[1]: ${classes}`],
    [
      'Unicode classes as alternatives',
      [{ ignoreTagsRegexes: ['\\p{Greek}|'.repeat(33)] }],
      `[0].git.ignoreTagsRegexes[0]: ${classes}`,
    ],
    ['wide ranges under (?i)', [allow('(?i)[A-\u9000A-\u9000A-\u9000A-\u9000A-\u9000]')], wide],
    ['wide ranges by escapes', [allow(String.raw`(?i)[\x{41}-\x{1E942}+--\x{1e942}]`)], wide],
    ['580,000 instructions', [allow('a{1000}'.repeat(580))], complex],
    ['nested repetitions', [allow('((a{10}){10}){10}'.repeat(5))], complex],
    ['a repeated Unicode class', [allow(String.raw`^\pL{1000}$`)], complex],
    ['a repetition after an empty quotation', [allow(`(${'a'.repeat(99)})${String.raw`\Q\E`}{60}`)], complex],
    [
      'instructions of a list together',
      [allow('.{1000}', '.{1000}', '.{1000}.{1000}', '.{1000}')],
      '[0].git.allowTagsRegexes[3]: is too complex: it and the patterns before it repeat too much, too often',
    ],
    [
      '51 patterns',
      [{ ignoreTagsRegexes: repeated(51, 'v') }],
      '[0].git.ignoreTagsRegexes: has more than 50 patterns',
    ],
    [
      'bytes of a list together',
      [allow(...repeated(9, 'é'.repeat(2000)))],
      '[0].git.allowTagsRegexes: has more than 32768 bytes of patterns',
    ],
    [
      'patterns of a Warehouse together',
      [allow(...repeated(50, 'w')), allow(...repeated(50, 'w')), allow('w')],
      `[2].git.allowTagsRegexes: ${exceeds} 100 tag patterns per Warehouse and repository`,
    ],
    [
      'bytes of a Warehouse together',
      [1, 2, 3].map(() => allow(...repeated(8, `[${'é'.repeat(1400)}]`))),
      `[2].git.allowTagsRegexes: ${exceeds} 65536 bytes ${perWarehouse}`,
    ],
    [
      'instructions of a Warehouse together',
      [1, 2, 3, 4, 5].map(() => allow('w{1000}', 'w{1000}', 'w{1000}', 'w{1000}', 'w{900}')),
      `[4].git.allowTagsRegexes[0]: ${exceeds} 20000 instructions ${perWarehouse}`,
    ],
    [
      'nesting',
      [allow('('.repeat(2000) + ')'.repeat(2000))],
      `${first} error parsing regexp: expression nests too deeply`,
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
    ['in a class', `[${String.raw`\p{L}`.repeat(32)}\\`, 'trailing backslash'],
    ['in a class of named classes', `[${'[:a:]'.repeat(800)}\\`, 'invalid character class range'],
    ['in a named class', `[${'[:'.repeat(2000)}`, 'missing closing ]'],
    ['in a Unicode class', String.raw`\p{`.repeat(32), 'invalid character class range'],
    ['in a group', '(?P<'.repeat(1000), 'invalid named capture'],
    ['in a repetition', `a${'{1,'.repeat(1000)}\\`, 'trailing backslash'],
  ])('%s', (_what, pattern, message) => {
    const { result } = judge([tag('v1')], allow(pattern));
    const reason = `spec.subscriptions[0].git.allowTagsRegexes[0]: error parsing regexp: ${message}`;
    expect(result.kind === 'broken' && result.reason.slice(0, reason.length)).toBe(reason);
  });
});

describe('a usual expression is within the limits', () => {
  const alternatives = Array.from({ length: 400 }, (_none, index) => `release-${index}`);

  test.each([
    ['release-399', alternatives.join('|').slice(0, 4096)],
    ['release-399', `(?i)^(?:${alternatives.join('|').slice(0, 4000)}|release-399)$`],
    ['v1', `v1|${alternatives.join('|v1|').slice(0, 4087)}`],
    ['Größe-7', String.raw`(?i)^[a-zß-öø-ÿ]+-\p{Nd}+$`],
    ['发布-1', '(?i)^[一-龥]+-[0-9]+$'],
    ['日本', String.raw`^[\p{Han}\p{Hiragana}\p{Katakana}]{1,64}$`],
    [
      'v1.2.3-rc.1',
      String.raw`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$`,
    ],
    ['build-20260504', String.raw`^build-\d{1,1000}$`],
  ])('that selects %s', (name, pattern) => {
    expect(judge([tag(name)], allow(pattern)).result).toEqual({ kind: 'affected' });
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
