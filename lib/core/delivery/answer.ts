import type { RefreshKind } from '../kargo/refresh-kind.ts';

/** What became of a delivery. Everything the caller is told follows from it. */
export type Outcome =
  | { readonly kind: 'unknown-receiver' }
  | { readonly kind: 'body-too-large' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'missing-signature' }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'missing-event-key' }
  | { readonly kind: 'ignored'; readonly eventKey: string }
  | { readonly kind: 'invalid-body'; readonly detail?: string }
  | { readonly kind: 'refreshed'; readonly target: RefreshKind; readonly count: number }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'internal-error'; readonly requestId: string };

/** An HTTP answer before it is put into a gateway's form. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** As in Kargo's server. Bitbucket's payloads end well below it. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * Gives the answer to a delivery: the one place where an outcome becomes a status. Bitbucket Cloud shows the body under "View
 * requests" and repeats a delivery only on 5xx; Data Center disables a webhook for a while after repeated failures.
 */
export function answerTo(outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'unknown-receiver':
      return { status: 404, body: {} };
    case 'body-too-large':
      return { status: 413, body: { error: `content exceeds limit of ${MAX_BODY_BYTES} bytes` } };
    case 'pong':
      return { status: 200, body: { msg: 'pong' } };
    case 'missing-signature':
      return { status: 401, body: { error: 'missing signature' } };
    case 'unauthorized':
      return { status: 401, body: { error: 'unauthorized' } };
    case 'missing-event-key':
      return { status: 400, body: { error: 'missing event key' } };
    case 'ignored':
      return { status: 200, body: { msg: `ignored: event type ${outcome.eventKey}` } };
    case 'invalid-body':
      return {
        status: 400,
        body: {
          error: 'invalid request body',
          ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
        },
      };
    case 'refreshed':
      return { status: 200, body: { msg: `refreshed ${outcome.count} ${outcome.target}(s)` } };
    case 'unavailable':
      return { status: 503, body: { error: outcome.reason } };
    case 'internal-error':
      return { status: 500, body: { error: 'internal error', requestId: outcome.requestId } };
  }
}
