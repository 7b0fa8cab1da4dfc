import { isDeepStrictEqual } from 'node:util';

/** The part of an object that the webhooks read and write; the rest is kept as it came. */
export interface KargoObject {
  readonly metadata: ObjectMeta;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly object[];
}

/**
 * What the API server asks an admission webhook, as far as Kargo's read it.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export interface AdmissionRequest {
  readonly uid: string;
  readonly userInfo: { readonly username: string; readonly groups?: readonly string[] };
  readonly object: KargoObject;
  readonly oldObject: KargoObject;
}

/** An update that a webhook denies: the status that the API server answers, its message under the webhook's name. */
export class AdmissionDenial extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Returns the answer that lets a request pass with the object `mutated`, or unchanged where there is none. */
export function allow({ uid, object }: AdmissionRequest, mutated = object): object {
  const patch = PATCHED_PATHS.flatMap((path) => patchOf(path, object, mutated));
  return review({
    uid,
    allowed: true,
    ...(patch.length > 0 && {
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    }),
  });
}

/** Returns the answer that denies a request. */
export function deny({ uid }: AdmissionRequest, { code, reason, message }: AdmissionDenial): object {
  return review({ uid, allowed: false, status: { status: 'Failure', code, reason, message } });
}

function review(response: object): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

type Path = readonly [section: 'metadata' | 'spec', field: string];

/** Everything that one of Kargo's webhooks writes at an update. */
const PATCHED_PATHS: readonly Path[] = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
  ['metadata', 'ownerReferences'],
  ['spec', 'subscriptions'],
];

/** Makes the operation of a JSON patch that writes the field whole; none where it did not change. */
function patchOf([section, field]: Path, from: KargoObject, to: KargoObject): object[] {
  const valueOf = (object: KargoObject): unknown => {
    const part: object = object[section] ?? {};
    return (part as Record<string, unknown>)[field];
  };
  const value = valueOf(to);
  if (isDeepStrictEqual(valueOf(from), value)) return [];
  return [{ op: 'add', path: `/${section}/${field}`, value }];
}
