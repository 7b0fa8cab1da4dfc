/** Alternatives that braces may stand for, all together. */
const MAX_ALTERNATIVES = 64;

/** A character class, and one that is escaped or opens. */
const TOKEN = /\\(?<escaped>[^])|\[(?<class>(?:\\[^]|[^\]\\])+)\]|(?<star>\*+)|(?<any>\?)|(?<literal>[^])/gu;

/** Members of a class: a range, or one character; each may be escaped. */
const MEMBER = /(\\[^]|[^\\])-(\\[^]|[^\\])|(\\[^]|[^\\])/gu;

/**
 * Translates a glob as doublestar reads it, which Kargo uses for `glob:` path selectors, to an expression in RE2's syntax: anchored; `*` does not
 * cross a `/`, and matches a leading dot; `**` as a whole segment is any number of segments; braces are alternatives.
 *
 * @returns undefined where the glob is invalid, or where doublestar does more than the expression says: a class that can match a `/`, a glob that
 *   ends with one, and `**` behind an opening brace within a segment
 * @see https://pkg.go.dev/github.com/bmatcuk/doublestar/v4
 */
export function translateGlob(glob: string): string | undefined {
  const alternatives = expandBraces(glob, 0);
  const expressions = alternatives?.map(translateSegments);
  if (expressions === undefined || expressions.includes(undefined)) return undefined;
  return String.raw`(?s)\A(?:${expressions.join('|')})\z`;
}

/** Replaces the first braces by each of their alternatives, and so on; undefined where that is not possible. */
function expandBraces(glob: string, from: number): string[] | undefined {
  const open = indexOfUnescaped(glob, '{', from);
  if (open === undefined) return indexOfUnescaped(glob, '}', from) === undefined ? [glob] : undefined;
  const parts = splitBraces(glob, open);
  // doublestar does not read classes within braces.
  if (parts === undefined || glob.includes('[')) return undefined;
  const isStartOfSegment = open === 0 || glob[open - 1] === '/';
  const expanded: string[] = [];
  for (const alternative of parts.alternatives) {
    const rest = `${alternative}${parts.rest}`;
    if (rest.startsWith('**') && !isStartOfSegment) return undefined;
    const more = expandBraces(`${glob.slice(0, open)}${rest}`, open);
    if (more === undefined) return undefined;
    expanded.push(...more);
    if (expanded.length > MAX_ALTERNATIVES) return undefined;
  }
  return expanded;
}

function splitBraces(
  glob: string,
  open: number,
): { readonly alternatives: readonly string[]; readonly rest: string } | undefined {
  const alternatives: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let index = start; index < glob.length; index += 1) {
    const character = glob[index];
    if (character === '\\') index += 1;
    else if (character === '{') depth += 1;
    else if (depth > 0) depth -= character === '}' ? 1 : 0;
    else if (character === ',' || character === '}') {
      alternatives.push(glob.slice(start, index));
      start = index + 1;
      if (character === '}') return { alternatives, rest: glob.slice(start) };
    }
  }
  return undefined;
}

function indexOfUnescaped(glob: string, wanted: string, from: number): number | undefined {
  for (let index = from; index < glob.length; index += 1) {
    if (glob[index] === '\\') index += 1;
    else if (glob[index] === '[') {
      const end = /^\[(?:\\[^]|[^\]\\])+\]/.exec(glob.slice(index))?.[0].length;
      if (end === undefined) return undefined;
      index += end - 1;
    } else if (glob[index] === wanted) return index;
  }
  return undefined;
}

/** Translates a glob without braces. */
function translateSegments(glob: string): string | undefined {
  const segments = glob.split('/');
  if (glob.endsWith('/') || /(?:^|[^\\])(?:\\\\)*\\$/.test(glob)) return undefined;
  let expression = '';
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === '**') {
      const isAfterName = index > 0 && segments[index - 1] !== '**';
      // It matches the directory before it as well, as if that were a file.
      if (isLast) expression = isAfterName ? `${expression.slice(0, -1)}(?:/.*)?` : `${expression}.*`;
      else expression += '(?:[^/]*/)*';
      continue;
    }
    const translated = translateSegment(segment);
    if (translated === undefined) return undefined;
    expression += isLast ? translated : `${translated}/`;
  }
  return expression;
}

function translateSegment(segment: string): string | undefined {
  let expression = '';
  for (const { groups = {} } of segment.matchAll(TOKEN)) {
    const { escaped, class: members, star, any, literal } = groups;
    if (star !== undefined) expression += '[^/]*';
    else if (any !== undefined) expression += '[^/]';
    else if (members !== undefined) {
      const translated = translateClass(members);
      if (translated === undefined) return undefined;
      expression += translated;
    } else if (literal === '[') return undefined;
    else expression += quote(escaped ?? literal ?? '');
  }
  return expression;
}

function translateClass(members: string): string | undefined {
  if (/^[!^]/.test(members)) return undefined;
  let expression = '';
  for (const [, from, to, single = ''] of members.matchAll(MEMBER)) {
    const [low, high] = [unescape(from ?? single), unescape(to ?? from ?? single)];
    if ((low <= '/' && '/' <= high) || low > high) return undefined;
    expression += `${quote(low)}-${quote(high)}`;
  }
  return `[${expression}]`;
}

function unescape(member: string): string {
  return member.length > 1 && member.startsWith('\\') ? member.slice(1) : member;
}

function quote(character: string): string {
  return /^\w$/.test(character) ? character : String.raw`\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
