import type { KubernetesObject } from './kubernetes-object.ts';
import type { ResourceKind } from './resource-kind.ts';
import { badRequest } from './status-error.ts';

/** Whether an object is one that a list asked for. */
export type Selector = (object: KubernetesObject) => boolean;

const KEY = String.raw`([A-Za-z0-9][\w.\-/]*)`;
const VALUE = String.raw`([\w.\-]*)`;
const EQUALITY = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*${VALUE}$`);
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s*\\(([\\w.\\-\\s,]*)\\)$`);
const EXISTENCE = new RegExp(`^(!?)\\s*${KEY}$`);

/**
 * Reads a `labelSelector`: requirements `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
 * Raises a StatusError (400) for anything else.
 */
export function labelSelector(text: string): Selector {
  const requirements = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const selectors = requirements.filter((part) => part !== '').map(labelRequirement);
  return (object) => selectors.every((selects) => selects(object));
}

function labelRequirement(text: string): Selector {
  const label = (object: KubernetesObject, key: string): string | undefined => object.metadata.labels?.[key];
  const [, equalityKey = '', operator, value] = EQUALITY.exec(text) ?? [];
  if (operator === '!=') return (object) => label(object, equalityKey) !== value;
  if (operator) return (object) => label(object, equalityKey) === value;
  const [, setKey = '', membership, list = ''] = SET.exec(text) ?? [];
  if (membership) {
    const values = new Set<string | undefined>(list.split(',').map((one) => one.trim()));
    return (object) => values.has(label(object, setKey)) === (membership === 'in');
  }
  const [, negation, existenceKey] = EXISTENCE.exec(text) ?? [];
  if (existenceKey === undefined)
    throw badRequest(`unable to parse requirement: ${JSON.stringify(text)} is no requirement`);
  return (object) => (label(object, existenceKey) === undefined) === (negation === '!');
}

/**
 * Reads a `fieldSelector`. The kinds here can be selected by `metadata.name` and `metadata.namespace` only.
 * Raises a StatusError (400) for another field.
 */
export function fieldSelector(kind: ResourceKind, text: string): Selector {
  const selectors = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => fieldRequirement(kind, part));
  return (object) => selectors.every((selects) => selects(object));
}

function fieldRequirement(kind: ResourceKind, text: string): Selector {
  const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text) ?? [];
  if (field === undefined) {
    throw badRequest(
      `Unable to find "${kind.group}/${kind.version}, Resource=${kind.plural}": invalid selector: '${text}'`,
    );
  }
  if (field !== 'metadata.name' && field !== 'metadata.namespace')
    throw badRequest(`field label not supported: ${field}`);
  const property = field === 'metadata.name' ? 'name' : 'namespace';
  return ({ metadata }) => ((metadata[property] ?? '') === value) === (operator !== '!=');
}
