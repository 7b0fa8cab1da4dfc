import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Answer } from '../../core/delivery/answer.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { hashInPath } from '../../core/kargo/receiver-path.ts';

/** A request of API Gateway's HTTP API (payload format 2.0), in the system's own terms. */
export interface GatewayDelivery {
  /** Undefined where the path is no receiver's. */
  readonly hash: string | undefined;
  readonly delivery: Delivery;
  /** Bitbucket's own name for the request, as it shows it under "View requests". */
  readonly requestUuid: string | undefined;
}

/** Reads an event; the body stays the bytes that were signed. */
export function readGatewayDelivery(event: APIGatewayProxyEventV2): GatewayDelivery {
  const header = (name: string): string | undefined => event.headers[name] ?? otherCase(event.headers, name);
  return {
    hash: hashInPath(event.rawPath),
    delivery: {
      eventKey: header('x-event-key'),
      signature: header('x-hub-signature'),
      body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
    },
    requestUuid: header('x-request-uuid') ?? header('x-request-id'),
  };
}

/** Gives an answer in the gateway's form. */
export function gatewayAnswer({ status, body }: Answer): APIGatewayProxyStructuredResultV2 {
  return { statusCode: status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** The gateway gives names in lower case; what imitates it does not always. */
function otherCase(headers: APIGatewayProxyEventV2['headers'], name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}
