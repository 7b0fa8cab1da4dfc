import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { RE2JS } from 're2js';
import { estimateRegexCost } from '../../../../lib/core/kargo/commit-selection/regex-cost.ts';

const ATOMS =
  String.raw`a v . ^ $ \b \d \W \. [a-z] [^a-z] []a] [[:alpha:]--z] [\pL\d] \pL \PN \p{Greek} \x{41} \101 \Qab\E \Q\E
  () (|) (?:) (?i) (?-i) { ] é 一`.split(/\s+/);
const REPETITIONS = [
  '*',
  '+',
  '?',
  '*?',
  '{0}',
  '{2}',
  '{3,}',
  '{0,5}',
  '{1,30}',
  '{100}',
  '{1,1000}',
  '{1000}',
];

const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => {
  const sequence = fc.array(tie('expression'), { minLength: 1, maxLength: 4 });
  return {
    atom: fc.constantFrom(...ATOMS),
    expression: fc.oneof(
      { maxDepth: 5 },
      tie('atom'),
      sequence.map((parts) => parts.join('')),
      fc
        .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?P<name>'), sequence, fc.constantFrom('', '|'))
        .map(([open, parts, separator]) => `${open}${parts.join(separator)})`),
      fc.tuple(tie('expression'), fc.constantFrom(...REPETITIONS)).map((parts) => parts.join('')),
    ),
  };
});

/** Returns undefined for an expression that RE2JS rejects. */
function compiledSize(pattern: string): number | undefined {
  try {
    return RE2JS.compile(pattern).programSize();
  } catch {
    return undefined;
  }
}

test('the estimate is never below the size of the compiled program', () => {
  const property = fc.property(expression, (pattern) => {
    const estimate = estimateRegexCost(pattern).instructions;
    // Larger ones are rejected, and would take long to compile.
    fc.pre(estimate < 20_000);
    // Every program has four instructions of its own.
    expect((compiledSize(pattern) ?? 0) - 4).toBeLessThanOrEqual(estimate);
  });
  fc.assert(property, { numRuns: 1000 });
});
