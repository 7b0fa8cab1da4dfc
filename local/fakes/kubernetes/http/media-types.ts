import type { IncomingMessage } from 'node:http';
import type { ResourceKind } from '../kinds/resource-kind.ts';
import { badRequest, StatusError } from '../status-error.ts';

const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';
export const JSON_PATCH = 'application/json-patch+json';

/** What the API server reads; protobuf is only named, so that a refusal has the same words. */
const OBJECTS = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

const ACCEPTED = [
  ['application/json', /^(application|\*)\/(json|\*)$/],
  ['application/yaml', /^application\/yaml$/],
] as const;

/** The media type of a body that is an object. Raises a StatusError (415) for another than JSON or YAML. */
export function objectTypeOf(request: IncomingMessage): string {
  const type = contentTypeOf(request) || 'application/json';
  if (type === 'application/json' || type === 'application/yaml') return type;
  throw unsupported(
    `the body of the request was in an unknown format - accepted media types include: ${OBJECTS}`,
  );
}

/**
 * The media type of a body that is a patch: a JSON patch or a merge patch. The built-in kinds take a strategic merge patch
 * too, which is a merge patch where there are no lists to merge. Raises a StatusError (415) for another.
 */
export function patchTypeOf(request: IncomingMessage, { custom }: ResourceKind): string {
  const type = contentTypeOf(request);
  if (type === APPLY_PATCH) throw badRequest('the fake cluster knows no server-side apply');
  if ([JSON_PATCH, MERGE_PATCH, ...(custom ? [] : [STRATEGIC_MERGE_PATCH])].includes(type)) return type;
  const accepted = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH].join(', ');
  throw custom
    ? unsupported(
        `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
      )
    : unsupported('415: Unsupported Media Type');
}

/** The media type to answer in, of those that the client accepts. Raises a StatusError (406) if it accepts none. */
export function answerTypeOf(request: IncomingMessage): (typeof ACCEPTED)[number][0] {
  for (const entry of (request.headers.accept || '*/*').split(',')) {
    const wanted = withoutParameters(entry);
    const [type] = ACCEPTED.find(([, pattern]) => pattern.test(wanted)) ?? [];
    if (type) return type;
  }
  throw new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${OBJECTS}`);
}

function contentTypeOf(request: IncomingMessage): string {
  return withoutParameters(request.headers['content-type'] ?? '');
}

function withoutParameters(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase();
}

function unsupported(message: string): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', message);
}
