import * as v from 'valibot';
import { RetryableError } from '../../app/errors.ts';
import type { ClusterConnection } from './cluster-connection.ts';

/** A right in the cluster, as an access review names it. Empty fields are left out. */
export interface ClusterRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Whose rights are reviewed: those of the credentials themselves, or of a group. */
export type Reviewed = 'own' | { readonly group: string };

const AUTHORIZATION = '/apis/authorization.k8s.io/v1';

const review = v.object({ status: v.object({ allowed: v.boolean(), reason: v.optional(v.string()) }) });

/** Result of a read: the object, or why there is none. */
export type Inspected =
  | { readonly kind: 'found'; readonly content: unknown }
  | { readonly kind: 'absent' }
  /** These credentials may not read it. */
  | { readonly kind: 'forbidden' };

/** Reads what a diagnosis needs to know of a cluster, with the rights of whoever runs it. */
export class ClusterInspection {
  readonly #connection: ClusterConnection;

  constructor(connection: ClusterConnection) {
    this.#connection = connection;
  }

  /** Reads an object or a list by its path, such as `/version`. */
  async read(path: string, signal: AbortSignal): Promise<Inspected> {
    const request = { method: 'GET', path, object: path, expected: [403, 404], mayBeUnserved: true } as const;
    const { status, body } = await this.#connection.request(request, signal);
    if (status === 404) return { kind: 'absent' };
    return status === 403 ? { kind: 'forbidden' } : { kind: 'found', content: body };
  }

  /**
   * Asks the cluster whether a right is granted.
   *
   * @returns undefined where these credentials may not ask, or the cluster answers no such question
   */
  async mayDo(
    { namespace, name, ...right }: ClusterRight,
    reviewed: Reviewed,
    signal: AbortSignal,
  ): Promise<boolean | undefined> {
    const kind = reviewed === 'own' ? 'SelfSubjectAccessReview' : 'SubjectAccessReview';
    const resourceAttributes = { ...right, ...(namespace && { namespace }), ...(name && { name }) };
    const subject =
      reviewed === 'own'
        ? {}
        : { user: 'kargo-front-door', groups: [reviewed.group, 'system:authenticated'] };
    const { status, body } = await this.#connection.request(
      {
        method: 'POST',
        path: `${AUTHORIZATION}/${kind.toLowerCase()}s`,
        object: kind,
        content: { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes, ...subject } },
        expected: [403, 404],
        mayBeUnserved: true,
      },
      signal,
    );
    if (status === 403 || status === 404) return undefined;
    if (!v.is(review, body))
      throw new RetryableError('cluster API unavailable', { detail: `${kind} cannot be read` });
    return body.status.allowed;
  }
}
