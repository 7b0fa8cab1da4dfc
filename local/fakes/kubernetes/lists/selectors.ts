import type { KubernetesObject } from '../kubernetes-object.ts';
import { badRequest } from '../status-error.ts';

/** Whether an object is one that a list asked for. */
export type Selector = (object: KubernetesObject) => boolean;

const KEY = String.raw`([A-Za-z0-9][\w.\-/]*)`;
const EQUALITY = new RegExp(String.raw`^${KEY}\s*(==|=|!=)\s*([\w.\-]*)$`);
const MEMBERSHIP = new RegExp(String.raw`^${KEY}\s+(in|notin)\s*\(([\w.\-\s,]*)\)$`);
const EXISTENCE = new RegExp(String.raw`^(!?)\s*${KEY}$`);

/**
 * Reads a `labelSelector`: requirements `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 * Raises a StatusError (400) for anything else.
 */
export function labelSelector(text: string): Selector {
  if (text.trim() === '') return () => true;
  const selectors = text.split(/,(?![^(]*\))/).map((part) => labelRequirement(part.trim()));
  return (object) => selectors.every((selects) => selects(object));
}

function labelRequirement(text: string): Selector {
  const equality = EQUALITY.exec(text);
  if (equality) {
    const [, key = '', operator, value = ''] = equality;
    return (object) => (labelOf(object, key) === value) === (operator !== '!=');
  }
  const membership = MEMBERSHIP.exec(text);
  if (membership) {
    const [, key = '', operator, list = ''] = membership;
    const values = new Set<string | undefined>(list.split(',').map((value) => value.trim()));
    return (object) => values.has(labelOf(object, key)) === (operator === 'in');
  }
  const existence = EXISTENCE.exec(text);
  if (!existence) throw badRequest(`unable to parse requirement: ${JSON.stringify(text)}`);
  const [, negation, key = ''] = existence;
  return (object) => (labelOf(object, key) === undefined) === (negation === '!');
}

function labelOf({ metadata: { labels = {} } }: KubernetesObject, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/**
 * Reads a `fieldSelector` over `metadata.name` and `metadata.namespace`.
 * Raises a StatusError (400) for another field, or what is no selector.
 */
export function fieldSelector(text: string): Selector {
  if (text === '') return () => true;
  const selectors = text.split(',').map((part) => fieldRequirement(text, part));
  return (object) => selectors.every((selects) => selects(object));
}

function fieldRequirement(whole: string, text: string): Selector {
  const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? [];
  if (field === undefined) throw badRequest(`invalid selector: '${whole}'; can't understand '${text}'`);
  if (field !== 'metadata.name' && field !== 'metadata.namespace')
    throw badRequest(`field label not supported: ${field}`);
  const property = field === 'metadata.name' ? 'name' : 'namespace';
  return ({ metadata }) => ((metadata[property] ?? '') === value) === (operator !== '!=');
}
