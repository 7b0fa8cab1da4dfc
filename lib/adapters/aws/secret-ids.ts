import type { Receiver } from '../../core/kargo/receiver.ts';

/** Names the secret of a receiver in Secrets Manager. */
export type SecretIdOf = (receiver: Receiver) => string;

/**
 * Creates the function that names receivers' secrets by `SECRET_NAME_TEMPLATE`. The namespace always comes from the project that declares the receiver, so a
 * project can only ever name its own secrets; receivers of the ClusterConfig name those of the system namespace.
 */
export function compileSecretNameTemplate(template: string, systemNamespace: string): SecretIdOf {
  return ({ project, secretName }) => {
    const parts: Record<string, string> = { namespace: project || systemNamespace, name: secretName };
    return template.replace(
      /\{(namespace|name)\}/g,
      (placeholder, part: string) => parts[part] ?? placeholder,
    );
  };
}
