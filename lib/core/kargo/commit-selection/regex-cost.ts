/** Upper bounds of the cost of compiling an expression. */
interface RegexCost {
  /** Instructions of the compiled program. A class of many ranges counts several times, because each copy of it is expensive. */
  readonly instructions: number;
  /** Unicode classes: `\pL`, `\p{Greek}`. Each is a table of up to 700 ranges. */
  readonly unicodeClasses: number;
  /** Characters that classes under `(?i)` cover by ranges such as `a-z`. Each is looked up in the case tables. */
  readonly foldedCharacters: number;
}

/** RE2JS takes about 0.2 ms to compile each. Hand-written classes have a handful. */
const MAX_UNICODE_CLASSES = 32;

/** RE2JS takes about 0.1 µs to compile each. The limit allows one class over all of Unicode. */
const MAX_FOLDED_CHARACTERS = 150_000;

/**
 * Instructions of one expression, or of all of a list. The largest takes about 20 ms to compile. 4,096 literal characters are within the
 * limit; a number of up to a thousand digits, `\d{1,1000}`, has 2,000 instructions.
 */
export const MAX_INSTRUCTIONS = 5000;

/** Ranges of a class that are as expensive to copy as one more instruction. */
const RANGES_PER_INSTRUCTION = 128;

/** Ranges of the largest Unicode class. */
const UNICODE_CLASS_RANGES = 700;

/** The highest character that has another case. */
const MAX_FOLDABLE = 0x1e943;

/** Go limits what nested repetitions multiply up to, so that no estimate grows without bound. */
const MAX_ESTIMATE = 1e9;

// These match an unfinished element up to the end of the pattern. If they failed there, they would backtrack for a time that doubles
// with each class in it. For the same reason a name ends at a brace or a backslash, which no name holds.
export const UNICODE_CLASS = String.raw`\\[pP]\{[^{}\\]*\}`;
export const CHARACTER_CLASS = String.raw`\[\^?\]?(?:\[:\^?\w+:\]|${UNICODE_CLASS}|\\(?:[^]|$)|[^\]\\])*(?:\]|$)`;
export const QUOTATION = String.raw`\\Q[^]*?(?:\\E|$)`;
export const NAMED_GROUP = String.raw`\(\?P?<\w+>`;

const ESCAPE = String.raw`\\x\{[\da-fA-F]+\}|\\x[\da-fA-F]{2}|\\[0-7]{1,3}|\\[^]`;
const FLAGS = String.raw`\(\?[a-zA-Z-]*[:)]`;
const REPETITION = String.raw`\{\d+(?:,\d*)?\}|[*+?]`;
const TOKEN = new RegExp(
  `${QUOTATION}|${UNICODE_CLASS}|\\\\[pP][^{]|${ESCAPE}|${NAMED_GROUP}|${FLAGS}|${CHARACTER_CLASS}|${REPETITION}|[^]`,
  'gu',
);
const UNICODE_CLASSES = /\\[pP]/g;
const RANGE_END = new RegExp(`-(?=(${ESCAPE}|[^]))`, 'gu');
const FOLDS_CASE = /\(\?[a-zA-Z-]*i/;

/**
 * Checks, without compiling it, whether an expression is too expensive to compile. An accepted one is compiled within about 20 ms.
 *
 * @param pattern - in the syntax of Go's `regexp`; anything else is accepted or refused in time linear in its length
 * @returns the limit that it exceeds, or undefined
 */
export function findRegexExcess(pattern: string): string | undefined {
  const cost = estimateRegexCost(pattern);
  if (cost.unicodeClasses > MAX_UNICODE_CLASSES) {
    return `has more than ${MAX_UNICODE_CLASSES} Unicode classes such as \\pL`;
  }
  if (cost.foldedCharacters > MAX_FOLDED_CHARACTERS) {
    return `has ranges of more than ${MAX_FOLDED_CHARACTERS} characters under (?i)`;
  }
  if (cost.instructions > MAX_INSTRUCTIONS) {
    return `is too complex: it repeats too much, too often (more than ${MAX_INSTRUCTIONS} instructions)`;
  }
  return undefined;
}

/** Estimates what compiling an expression would cost. */
export function estimateRegexCost(pattern: string): RegexCost {
  const foldsCase = FOLDS_CASE.test(pattern);
  let foldedCharacters = 0;
  const open: Group[] = [];
  let group: Group = { total: 0, last: 0, cost: 0 };
  for (const [token] of pattern.matchAll(TOKEN)) {
    if (token === ')') {
      const enclosing = open.pop();
      if (enclosing !== undefined) group = append(enclosing, Math.max(group.total, 1) + group.cost);
    } else if (token.startsWith('(')) {
      if (!token.endsWith(')')) {
        open.push(group);
        group = { total: 0, last: 0, cost: token.startsWith('(?') && token.endsWith(':') ? 0 : 2 };
      }
    } else if (token === '|') group = { ...append(group, 2), last: 0 };
    else if (/^(?:[*+?]|\{\d.*\})$/.test(token)) group = repeat(group, token);
    else if (token.startsWith('\\Q')) {
      // A repetition after an empty quotation applies to what precedes it.
      const { length } = token.replace(/^\\Q|\\E$/g, '');
      if (length > 0) group = append(group, length, 1);
    } else if (token.startsWith('[')) {
      if (foldsCase) foldedCharacters += countFolded(token);
      group = append(group, classWeight(token));
    } else group = append(group, classWeight(token));
  }
  const instructions = [group, ...open].reduce((sum, { total }) => sum + total, 0);
  return { instructions, unicodeClasses: pattern.match(UNICODE_CLASSES)?.length ?? 0, foldedCharacters };
}

/** The estimate of a group, up to where it was read. */
interface Group {
  readonly total: number;
  /** Of the last element, which a repetition applies to. */
  readonly last: number;
  /** Of the group itself: a capturing one has two instructions. */
  readonly cost: number;
}

function append(group: Group, size: number, last = size): Group {
  return { ...group, total: Math.min(group.total + size, MAX_ESTIMATE), last };
}

/** As the compiler does, copies the last element: `x{2,4}` is `xx(x(x)?)?`. */
function repeat({ total, last, cost }: Group, repetition: string): Group {
  const [, least = '', comma = '', most = ''] = /^\{(\d+)(,?)(\d*)\}$/.exec(repetition) ?? [];
  let size = last + 2;
  if (least !== '') {
    const copies = Math.max(Number(least), Number(most), 1);
    size = copies * last + (comma === '' ? 0 : copies - Number(least) + 2);
  }
  return { total: Math.min(total - last + size, MAX_ESTIMATE), last: size, cost };
}

function classWeight(token: string): number {
  const ranges = token.length + UNICODE_CLASS_RANGES * (token.match(UNICODE_CLASSES)?.length ?? 0);
  return 1 + Math.floor(ranges / RANGES_PER_INSTRUCTION);
}

/** Counts from the first letter up to each range's end, so that it does not matter where the range begins. */
function countFolded(characterClass: string): number {
  let count = 0;
  for (const [, end = ''] of characterClass.matchAll(RANGE_END))
    count += Math.min(codePointOf(end), MAX_FOLDABLE);
  return count;
}

function codePointOf(character: string): number {
  const [, braced, hex, octal] = /^\\(?:x\{(.+)\}|x(..)|([0-7]+))$/.exec(character) ?? [];
  if (octal !== undefined) return Number.parseInt(octal, 8);
  if (braced !== undefined || hex !== undefined) return Number.parseInt(braced ?? hex ?? '', 16);
  return character.codePointAt(character.length > 1 && character.startsWith('\\') ? 1 : 0) ?? 0;
}
