import type { Outcome } from '../../app/delivery/outcome.ts';
import type { TargetResult } from '../../app/targets/target.ts';
import { MAX_BODY_BYTES } from '../../core/delivery/delivery.ts';

/** An HTTP answer, independent of the gateway's format. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/**
 * Maps a delivery's outcome to its answer, in one place.
 *
 * Bitbucket Cloud shows the body under "View requests" and retries on 5xx only; Data Center backs off from a webhook after repeated
 * failures.
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
    case 'invalid-body': {
      const { detail } = outcome;
      return {
        status: 400,
        body: { error: 'invalid request body', ...(detail !== undefined && { detail }) },
      };
    }
    case 'handled':
      return { status: 200, body: { msg: describeResults(outcome.results) } };
    case 'queued':
      return { status: 202, body: { msg: `queued: ${outcome.reason}` } };
    case 'unavailable':
      return { status: 503, body: { error: outcome.reason } };
    case 'internal-error':
      return { status: 500, body: { error: 'internal error', requestId: outcome.requestId } };
    default:
      return outcome satisfies never;
  }
}

/** Describes what the targets did. Beside another target, the package registry is named only where the event concerned it. */
function describeResults(results: readonly TargetResult[]): string {
  const named = results.filter(
    (result) =>
      results.length === 1 ||
      result.target !== 'registry' ||
      result.synced.length + result.refused.length > 0,
  );
  return named.map(describeResult).join(', ');
}

/** Describes what one target did, for the body of the answer. */
function describeResult(result: TargetResult): string {
  switch (result.target) {
    case 'kargo': {
      const { kind, refreshed, refused, leftOut = [] } = result;
      const refusals = refused.length === 0 ? '' : `, ${refused.length} refused by the cluster`;
      const omissions =
        leftOut.length === 0
          ? ''
          : `, ${leftOut.length} left out: no changed file matches their path filters`;
      return `refreshed ${refreshed.length} ${kind}(s)${refusals}${omissions}`;
    }
    case 'registry': {
      const { synced, refused } = result;
      const refusals = refused.length === 0 ? '' : `, ${refused.length} refused by the registry`;
      return `synced ${synced.length} package(s)${refusals}`;
    }
    default:
      return result satisfies never;
  }
}
