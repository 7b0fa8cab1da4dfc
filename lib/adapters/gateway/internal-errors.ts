import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Outcome } from '../../app/delivery/outcome.ts';
import type { Log } from '../../app/ports.ts';
import { logDelivery } from '../observability/logging.ts';
import { countDelivery } from '../observability/metrics.ts';
import { answerTo } from './answer.ts';
import { readGatewayDelivery, toGatewayResult } from './gateway-delivery.ts';

/** Middleware: answers a bug with 500 and the request's id, and counts and logs it like any other delivery. */
export function answerInternalErrors(
  log: Log,
  metrics: Metrics,
): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  return {
    onError: (request) => {
      const { event, context, error } = request;
      const outcome: Outcome = { kind: 'internal-error', requestId: context.awsRequestId };
      const received = readGatewayDelivery({ ...event, headers: event.headers ?? {} });
      const answer = answerTo(outcome);
      countDelivery(metrics, received.delivery.eventKey, outcome);
      logDelivery(log, received, { outcome, error }, answer);
      request.response = toGatewayResult(answer);
    },
  };
}
