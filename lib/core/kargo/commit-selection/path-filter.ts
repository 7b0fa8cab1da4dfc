import * as v from 'valibot';
import { translateGlob } from './glob.ts';
import { loadGoRegex } from './go-regex.ts';
import { compileTagRegex } from './tag-filter.ts';

/** `includePaths` and `excludePaths` of a Git subscription. */
export interface PathSelectors {
  readonly includePaths: readonly string[];
  readonly excludePaths: readonly string[];
}

/** A subscription's path filters, compiled. */
export interface PathFilter {
  /** Returns whether a commit with these paths passes. Undefined where it would take too long to decide. */
  readonly passes: (paths: readonly string[]) => boolean | undefined;
}

/** Decides about one path, in the form in which Git prints it. */
interface PathMatcher {
  readonly matches: (path: string) => boolean;
  /** The most steps that one character of a path can take. */
  readonly steps: number;
}

/** Selectors of one subscription. People write a few. */
const MAX_SELECTORS = 50;
const MAX_SELECTORS_BYTES = 32 * 1024;

/** Steps for all paths of one decision: up to 0.2 s. */
const MAX_STEPS = 2_000_000;

const selectors = v.object({
  includePaths: v.nullish(v.array(v.string()), []),
  excludePaths: v.nullish(v.array(v.string()), []),
});

/** A selector that is a pattern. Others are a directory or a file. */
const PATTERN = /^(glob|regexp?):([^]*)$/;

/** Bytes that Git prints as they are, in names of paths. */
const PRINTED = /^[ !#-[\]-~]*$/;

const ESCAPES: Readonly<Record<number, string>> = {
  7: String.raw`\a`,
  8: String.raw`\b`,
  9: String.raw`\t`,
  10: String.raw`\n`,
  11: String.raw`\v`,
  12: String.raw`\f`,
  13: String.raw`\r`,
  34: String.raw`\"`,
  92: String.raw`\\`,
};

/**
 * Reads the path selectors of a subscription's `git` object.
 *
 * @returns undefined where it has none, and where they cannot be read or exceed a limit: then the subscription is not narrowed
 */
export function readPathSelectors(git: unknown): PathSelectors | undefined {
  if (!v.is(selectors, git)) return undefined;
  const { includePaths, excludePaths } = v.parse(selectors, git);
  const all = [...includePaths, ...excludePaths];
  if (all.length === 0 || all.length > MAX_SELECTORS) return undefined;
  return Buffer.byteLength(all.join('')) > MAX_SELECTORS_BYTES ? undefined : { includePaths, excludePaths };
}

/**
 * Compiles path selectors as Kargo reads them: `glob:` is doublestar, `regex:` and `regexp:` are Go's `regexp`, unanchored; without a prefix
 * it is a directory or a file. A commit passes if any one of its paths is included, or there are no includes, and not excluded.
 *
 * @returns undefined where a selector cannot be translated
 */
export async function compilePathFilter({
  includePaths,
  excludePaths,
}: PathSelectors): Promise<PathFilter | undefined> {
  if ([...includePaths, ...excludePaths].some((selector) => PATTERN.test(selector))) await loadGoRegex();
  const include = compileAll(includePaths);
  const exclude = compileAll(excludePaths);
  if (include === undefined || exclude === undefined) return undefined;
  const stepsPerCharacter = [...include, ...exclude].reduce((sum, { steps }) => sum + steps, 0);
  return {
    passes: (paths) => {
      const characters = paths.reduce((sum, path) => sum + path.length, 0);
      if (characters * stepsPerCharacter > MAX_STEPS) return undefined;
      return paths.map(quotePath).some((path) => {
        const isIncluded = include.length === 0 || include.some(({ matches }) => matches(path));
        return isIncluded && !exclude.some(({ matches }) => matches(path));
      });
    },
  };
}

/** Returns the form in which Git prints a path: quoted where it has other than printable ASCII, as `"caf\303\251.txt"`. */
export function quotePath(path: string): string {
  if (PRINTED.test(path)) return path;
  const printed = [...Buffer.from(path)].map((byte) => {
    const escape = ESCAPES[byte];
    if (escape !== undefined) return escape;
    return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${printed.join('')}"`;
}

function compileAll(texts: readonly string[]): PathMatcher[] | undefined {
  const matchers = texts.map(compileSelector);
  return matchers.includes(undefined) ? undefined : matchers.filter((matcher) => matcher !== undefined);
}

function compileSelector(selector: string): PathMatcher | undefined {
  const [, prefix, pattern = ''] = PATTERN.exec(selector) ?? [];
  if (prefix === undefined) return compileDirectory(selector);
  const expression = prefix === 'glob' ? translateGlob(pattern) : pattern;
  const regex = expression === undefined ? undefined : compileTagRegex(expression, selector);
  return regex?.kind === 'regex' ? { matches: regex.matches, steps: regex.instructions } : undefined;
}

/** Go's `filepath.Rel` decides, and a result that holds `..` anywhere does not match, even in the name of a file. */
function compileDirectory(selector: string): PathMatcher {
  const directory = cleanPath(selector);
  return {
    steps: 1,
    matches: (path) => {
      if (path === directory) return true;
      const start = directory === '.' ? '' : `${directory}/`;
      return path.startsWith(start) && !path.slice(start.length).includes('..');
    },
  };
}

/** Resolves `.`, `..` and repeated slashes, as Go's `filepath.Clean` does. */
function cleanPath(path: string): string {
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isAbsolute) kept.push('..');
  }
  const cleaned = kept.join('/');
  return isAbsolute ? `/${cleaned}` : cleaned || '.';
}
