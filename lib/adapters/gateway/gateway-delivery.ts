import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ReceivedDelivery } from '../../app/delivery/handle-delivery.ts';
import { endpointInPath } from '../../core/delivery/endpoint.ts';
import type { Answer } from './answer.ts';

/**
 * Reads a request of API Gateway's HTTP API (payload format 2.0). The body is kept as the bytes that were signed.
 *
 * @param event - with header names in lower case
 */
export function readGatewayDelivery({ headers, ...event }: APIGatewayProxyEventV2): ReceivedDelivery {
  return {
    endpoint: endpointInPath(event.rawPath),
    delivery: {
      eventKey: headers['x-event-key'],
      signature: headers['x-hub-signature'],
      body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    },
    requestUuid: headers['x-request-uuid'] ?? headers['x-request-id'],
  };
}

/** Formats an answer for the gateway. */
export function toGatewayResult({ status, body }: Answer): APIGatewayProxyStructuredResultV2 {
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
