/** Names a Warehouse or Promotion. */
export interface ObjectName {
  /** An object that was deleted and created again has another one. Empty where it is unknown. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** Identifies a version of an object's spec. */
export interface ObjectVersion extends ObjectName {
  readonly generation: number;
}

/** Formats a name for logs, messages and keys: `namespace/name`. */
export function formatObjectName({ namespace, name }: Pick<ObjectName, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** Reads what `formatObjectName` has made. The uid is unknown. */
export function parseObjectName(text: string): ObjectName {
  const [namespace = '', name = ''] = text.split('/');
  return { namespace, name, uid: '' };
}
