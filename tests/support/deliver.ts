import { createHash, createHmac } from 'node:crypto';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { handler as receiverHandler } from '../../functions/receiver.ts';
import { cloudPush } from './payloads.ts';

export type ReceiverHandler = typeof receiverHandler;

/** A delivery to a receiver; whatever is left out is a good, signed push to main of acme/shop. */
export interface DeliveryOptions {
  readonly project?: string;
  readonly receiver?: string;
  /** Of the URL, and of the signature unless `signedWith` says otherwise. */
  readonly secret?: string;
  readonly signedWith?: string;
  /** Replaces `X-Hub-Signature`; null leaves it out. */
  readonly signature?: string | null;
  /** `X-Event-Key`; null leaves it out. */
  readonly event?: string | null;
  readonly payload?: unknown;
  /** Replaces the payload by these bytes. */
  readonly body?: string | Buffer;
  /** As the gateway hands over what it takes for binary. */
  readonly base64?: boolean;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** What the function has left of its timeout. */
  readonly remainingMs?: number;
}

export interface DeliveryAnswer {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Gives the path of a receiver's URL. */
export function receiverPath(project = 'demo', receiver = 'bb', secret = 's3cret'): string {
  return `/bitbucket/${createHash('sha256').update(`${project}${receiver}${secret}`).digest('hex')}`;
}

/** Gives what Bitbucket sends in `X-Hub-Signature`. */
export function signatureOf(body: string | Buffer, secret = 's3cret', algorithm = 'sha256'): string {
  return `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
}

/** Sends a delivery through the wrapped handler, as the gateway would, and gives its answer, the body parsed. */
export async function deliver(
  handler: ReceiverHandler,
  options: DeliveryOptions = {},
): Promise<DeliveryAnswer> {
  const { statusCode, headers, body = '' } = await handler(gatewayEvent(options), lambdaContext(options));
  if (headers?.['content-type'] !== 'application/json') throw new Error('the answer is not said to be JSON');
  return { status: statusCode, body: JSON.parse(body) as unknown };
}

/** Gives the event of payload format 2.0 that an HTTP API makes of the delivery. */
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

/** Gives a Lambda context, with ten seconds left unless told otherwise. */
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
