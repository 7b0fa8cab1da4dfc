import type { Logger } from '@aws-lambda-powertools/logger';
import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { answerTo } from '../../core/delivery/answer.ts';
import { gatewayAnswer } from './gateway-delivery.ts';

/** Middleware: answers a mistake of ours with 500 and the request's id, by which the log tells more. */
export function answerInternalErrors(
  logger: Logger,
): MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> {
  return {
    onError: (request) => {
      logger.error('internal error', { error: request.error });
      request.response = gatewayAnswer(
        answerTo({ kind: 'internal-error', requestId: request.context.awsRequestId }),
      );
    },
  };
}
