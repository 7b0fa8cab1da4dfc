import type { Receiver } from '../../core/kargo/receiver.ts';

/** Returns the name of a receiver's secret in Secrets Manager. */
export type SecretIdOf = (receiver: Receiver) => string;

/**
 * Compiles `SECRET_NAME_TEMPLATE`. The namespace is always that of the project that declares the receiver, so a project can name only
 * its own secrets. Receivers of the ClusterConfig use the system namespace.
 */
export function compileSecretNameTemplate(template: string, systemNamespace: string): SecretIdOf {
  return ({ project, secretName }) => {
    const values: Record<string, string> = { namespace: project || systemNamespace, name: secretName };
    return template.replace(
      /\{(namespace|name)\}/g,
      (placeholder, key: string) => values[key] ?? placeholder,
    );
  };
}

/** Returns the part of a `SECRET_NAME_TEMPLATE` before its first placeholder. */
export function fixedPrefixOf(template: string): string {
  return template.split('{', 1)[0] ?? '';
}
