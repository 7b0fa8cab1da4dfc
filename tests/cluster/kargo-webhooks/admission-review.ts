import { isDeepStrictEqual } from 'node:util';

/** The fields of an object that the webhooks read and write. Others are not changed. */
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
 * The API server's request to an admission webhook, with the fields that Kargo's webhooks read.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export interface AdmissionRequest {
  readonly uid: string;
  readonly userInfo: { readonly username: string; readonly groups?: readonly string[] };
  readonly object: KargoObject;
  readonly oldObject: KargoObject;
}

/** Thrown to deny an update. The API server returns this status to the client. */
export class AdmissionDenial extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** Returns the answer that allows a request, with the patch that makes its object `mutated`. */
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

/** All fields that Kargo's webhooks change. */
const PATCHED_PATHS: readonly Path[] = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
  ['metadata', 'ownerReferences'],
  ['spec', 'subscriptions'],
];

/** Returns the JSON patch operation that replaces a changed field, or none. */
function patchOf([section, field]: Path, from: KargoObject, to: KargoObject): object[] {
  const valueOf = (object: KargoObject): unknown => {
    const part: object = object[section] ?? {};
    return (part as Record<string, unknown>)[field];
  };
  const value = valueOf(to);
  if (isDeepStrictEqual(valueOf(from), value)) return [];
  return [{ op: 'add', path: `/${section}/${field}`, value }];
}
