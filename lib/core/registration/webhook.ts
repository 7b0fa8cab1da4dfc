import { createHash } from 'node:crypto';
import { CLOUD_SERVER } from '../bitbucket/webhook-subject.ts';
import { CLUSTER_PROJECT } from '../kargo/project-patterns.ts';

/** A webhook as Bitbucket returns it. Its secret is never kept in plain text. */
export interface Webhook {
  readonly id: string;
  /** Cloud's description, Data Center's name. */
  readonly description: string;
  readonly url: string;
  readonly isActive: boolean;
  readonly events: readonly string[];
  readonly verifiesTls: boolean;
  /** Cloud only says whether there is a secret; Data Center's is compared by its digest. */
  readonly secret: { readonly kind: 'unset' } | { readonly kind: 'set'; readonly digest?: string };
}

/** A webhook as it should be. It is active and verifies TLS. */
export interface DesiredWebhook {
  readonly description: string;
  readonly url: string;
  readonly events: readonly string[];
  /** Never logged. */
  readonly secret: string;
}

/** Names a receiver within one deployment. */
export interface ReceiverIdentity {
  /** Empty for a receiver of the ClusterConfig. */
  readonly project: string;
  readonly name: string;
}

/** Limit of Data Center for a webhook's name, and more than a description needs. */
const MAX_DESCRIPTION_CHARACTERS = 255;

/** Limit of Bitbucket Cloud. */
export const MAX_CLOUD_SECRET_CHARACTERS = 128;

/**
 * Returns the events that a receiver acts on, by the kind of server.
 *
 * @see lib/core/bitbucket/event-readers.ts
 */
export function eventsFor(server: string, withPullRequests: boolean): string[] {
  const [pushes, pullRequests] =
    server === CLOUD_SERVER
      ? [['repo:push'], ['pullrequest:fulfilled', 'pullrequest:rejected']]
      : [['repo:refs_changed'], ['pr:merged', 'pr:declined']];
  return withPullRequests ? [...pushes, ...pullRequests] : pushes;
}

/**
 * Returns the description of a receiver's webhooks: `Kargo receiver demo/bb at https://hooks.example.com`. It is how a later run, which has no
 * other memory, recognizes a webhook of this deployment. A description that is too long for Bitbucket is replaced by its digest.
 *
 * @param base - public base URL of the deployment, formatted
 */
export function descriptionOf({ project, name }: ReceiverIdentity, base: string): string {
  const text = `Kargo receiver ${project || CLUSTER_PROJECT}/${name} at ${base}`;
  return text.length <= MAX_DESCRIPTION_CHARACTERS ? text : `Kargo receiver ${digestOf(text)}`;
}

/** Reads a description of {@link descriptionOf}; undefined where it is not one of this deployment's, or its digest. */
export function receiverInDescription(description: string, base: string): ReceiverIdentity | undefined {
  const [, project = '', name = '', at] =
    /^Kargo receiver ([^/\s]+)\/(\S+) at (\S+)$/.exec(description) ?? [];
  if (at !== base) return undefined;
  return { project: project === CLUSTER_PROJECT ? '' : project, name };
}

/** Returns the SHA-256 of a text, by which secrets are compared. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
