import { createHash, createHmac } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { handler as receiverHandler } from '../../functions/receiver.ts';
import { cloudPush } from './payloads.ts';

export type ReceiverHandler = typeof receiverHandler;

/** A delivery to a receiver. The default is a valid, signed push to main of acme/shop. */
export interface DeliveryOptions {
  readonly project?: string;
  readonly receiver?: string;
  /** Secret of the URL and, without `signedWith`, of the signature. */
  readonly secret?: string;
  readonly signedWith?: string;
  /** Replaces `X-Hub-Signature`; null leaves it out. */
  readonly signature?: string | null;
  /** `X-Event-Key`; null leaves it out. */
  readonly event?: string | null;
  readonly payload?: unknown;
  /** Replaces the payload. */
  readonly body?: string | Buffer;
  /** Encodes the body in base64, as the gateway does with a binary one. */
  readonly base64?: boolean;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Rest of the function's timeout. */
  readonly remainingMs?: number;
}

export interface DeliveryAnswer {
  readonly status: number | undefined;
  readonly body: unknown;
}

export function receiverPath(project = 'demo', receiver = 'bb', secret = 's3cret'): string {
  return `/bitbucket/${createHash('sha256').update(`${project}${receiver}${secret}`).digest('hex')}`;
}

export function signatureOf(body: string | Buffer, secret = 's3cret', algorithm = 'sha256'): string {
  return `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
}

/** Sends a delivery through the wrapped handler, as the gateway does, and returns the answer with its body parsed. */
export async function deliver(
  handler: ReceiverHandler,
  options: DeliveryOptions = {},
): Promise<DeliveryAnswer> {
  const { statusCode, headers, body = '' } = await handler(gatewayEvent(options), lambdaContext(options));
  if (headers?.['content-type'] !== 'application/json')
    throw new Error('the content type of the answer is not JSON');
  return { status: statusCode, body: JSON.parse(body) as unknown };
}

/** Returns the event that an HTTP API makes of the delivery, in payload format 2.0. */
export function gatewayEvent(options: DeliveryOptions): APIGatewayProxyEventV2 {
  const { event = 'repo:push', secret = 's3cret', payload = cloudPush() } = options;
  const raw = Buffer.from(options.body ?? JSON.stringify(payload));
  const { signature = signatureOf(raw, options.signedWith ?? secret) } = options;
  const path = options.path ?? receiverPath(options.project, options.receiver, secret);
  return {
    version: '2.0',
    routeKey: `POST ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: {
      'content-type': 'application/json',
      ...(event === null ? {} : { 'x-event-key': event }),
      ...(signature === null ? {} : { 'x-hub-signature': signature }),
      ...options.headers,
    },
    requestContext: {
      accountId: '000000000000',
      apiId: 'api',
      domainName: 'hooks.example.com',
      domainPrefix: 'hooks',
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'Bitbucket' },
      requestId: 'gateway-request',
      routeKey: `POST ${path}`,
      stage: '$default',
      time: '04/May/2026:10:11:12 +0000',
      timeEpoch: 1_777_889_472_000,
    },
    ...(raw.length === 0 ? {} : { body: raw.toString(options.base64 ? 'base64' : 'utf8') }),
    isBase64Encoded: options.base64 ?? false,
  };
}

/** Returns a Lambda context; `remainingMs` is the rest of the function's timeout. */
export function lambdaContext({ remainingMs = 10_000 }: { readonly remainingMs?: number } = {}): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'receiver',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:receiver',
    memoryLimitInMB: '512',
    awsRequestId: 'lambda-request',
    logGroupName: '/aws/lambda/receiver',
    logStreamName: 'stream',
    getRemainingTimeInMillis: () => remainingMs,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
