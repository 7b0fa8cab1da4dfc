import { readFileSync } from 'node:fs';
import { isCollection, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { DeploymentError } from './deployment-settings.ts';

/** The settings of a configuration file, as text. */
export interface ConfigurationFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Reads a configuration file: a YAML mapping of settings to text, lists of texts, and mappings of texts. Every scalar is read as it is
 * written, so that neither a number with a leading zero nor the word `no` becomes something else.
 *
 * @returns undefined where there is no such file
 * @throws {DeploymentError} for a file that cannot be read or is no such mapping, with the line of each fault
 */
export function readConfigurationFile(path: string): ConfigurationFile | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const faultAt = (offset: number, what: string): string =>
    `${path}, line ${lines.linePos(offset).line}: ${what}`;
  if (document.errors.length > 0)
    throw new DeploymentError(document.errors.map(({ pos: [start], message }) => faultAt(start, message)));
  if (document.contents === null) return { path, values: new Map() };
  if (!isMap<Node, Node | null>(document.contents))
    throw new DeploymentError([`${path} must be a mapping of settings to values, such as "ROUTES: shared"`]);
  const values = new Map<string, string>();
  const faults: string[] = [];
  for (const pair of document.contents.items) {
    const name = textOf(pair.key) ?? '';
    const value = valueOf(pair);
    if (value !== undefined) values.set(name, value);
    else faults.push(faultAt(pair.key.range?.[0] ?? 0, `${name} must be text, a list or a mapping of texts`));
  }
  if (faults.length > 0) throw new DeploymentError(faults);
  return { path, values };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DeploymentError([`${path} cannot be read: ${(error as Error).message}`]);
  }
}

/** Returns the value of a setting as the environment would hold it; undefined for one that is nested deeper. */
function valueOf({ value }: Pair<Node, Node | null>): string | undefined {
  if (value === null) return '';
  if (!isCollection(value)) return textOf(value);
  const items = isSeq<Node>(value)
    ? value.items.map(textOf)
    : isMap<Node, Node | null>(value)
      ? value.items.map((pair) => joined(textOf(pair.key), textOf(pair.value)))
      : [undefined];
  return items.every((item) => item !== undefined) ? items.join(',') : undefined;
}

function joined(key: string | undefined, value: string | undefined): string | undefined {
  return key === undefined || value === undefined ? undefined : `${key}=${value}`;
}

function textOf(node: Node | null): string | undefined {
  return isScalar(node) ? String(node.value) : undefined;
}
