import {
  ApiGatewayV2Client,
  ApiGatewayV2ServiceException,
  CreateRouteCommand,
  DeleteRouteCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  type Integration,
  type Route,
} from '@aws-sdk/client-apigatewayv2';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import type { AddRouteResult, GatewayRoute, GatewayRoutes } from '../../app/ports.ts';
import { throwRetryable, toRetryableError } from './aws-errors.ts';

/** Routes that the reconciler manages: an API may have others, which are never touched. */
const OUR_ROUTE = /^POST \/bitbucket\/([0-9a-f]{64})$/;

/** Message for an exceeded request rate. The gateway uses the same error for a quota of routes that is used up. */
const RATE_EXCEEDED = /\brate\b|too many requests|throttl/i;

const GATEWAY_UNAVAILABLE = 'API Gateway unavailable';

const PAGE_SIZE = '500';

/** The control plane answers in tenths of a second; a request without an answer must not take the whole run. */
const CONNECT_TIMEOUT_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Attempts at one request, and the backoff between them: 100 ms, then 300 ms. The control plane accepts several requests a second, so a
 * throttled request soon succeeds; if not, the next run follows in a minute.
 */
const MAX_ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 100;
const BACKOFF_FACTOR = 3;

/** Does not retry where the quota of routes is used up, which the SDK would treat as throttling. */
class ControlPlaneRetries extends ConfiguredRetryStrategy {
  constructor() {
    super(MAX_ATTEMPTS, (attempt) => FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (attempt - 1));
  }

  override async refreshRetryTokenForRetry(
    ...[token, errorInfo]: Parameters<ConfiguredRetryStrategy['refreshRetryTokenForRetry']>
  ): ReturnType<ConfiguredRetryStrategy['refreshRetryTokenForRetry']> {
    if (noRoomReason(errorInfo.error) !== undefined) throw errorInfo.error;
    return super.refreshRetryTokenForRetry(token, errorInfo);
  }
}

/** The receiver routes of one HTTP API, which lead to the integration that the stack made. */
export class ApiGatewayRoutes implements GatewayRoutes {
  readonly #client = new ApiGatewayV2Client({
    retryStrategy: new ControlPlaneRetries(),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  readonly #apiId: string;
  #target: Promise<string> | undefined;

  constructor(apiId: string) {
    this.#apiId = apiId;
  }

  async list(signal: AbortSignal): Promise<GatewayRoute[]> {
    const target = await this.#integrationTarget(signal);
    return (await this.#allRoutes(signal)).flatMap(
      ({ RouteId: id, RouteKey: key = '', Target: routeTarget }) => {
        const hash = OUR_ROUTE.exec(key)?.[1];
        return hash !== undefined && id !== undefined && routeTarget === target ? [{ id, hash }] : [];
      },
    );
  }

  async add(hash: string, abortSignal: AbortSignal): Promise<AddRouteResult> {
    const route = {
      ApiId: this.#apiId,
      RouteKey: `POST /bitbucket/${hash}`,
      Target: await this.#integrationTarget(abortSignal),
    };
    try {
      await this.#client.send(new CreateRouteCommand(route), { abortSignal });
      return { kind: 'added' };
    } catch (error) {
      if (isError(error, 'ConflictException')) return { kind: 'added' };
      const reason = noRoomReason(error);
      if (reason !== undefined) return { kind: 'no-room', reason };
      throw toRetryableError(GATEWAY_UNAVAILABLE, error);
    }
  }

  async remove({ id }: GatewayRoute, abortSignal: AbortSignal): Promise<void> {
    try {
      await this.#client.send(new DeleteRouteCommand({ ApiId: this.#apiId, RouteId: id }), { abortSignal });
    } catch (error) {
      if (!isError(error, 'NotFoundException')) throw toRetryableError(GATEWAY_UNAVAILABLE, error);
    }
  }

  async #allRoutes(abortSignal: AbortSignal): Promise<Route[]> {
    const found: Route[] = [];
    let next: string | undefined;
    do {
      const page = new GetRoutesCommand({ ApiId: this.#apiId, MaxResults: PAGE_SIZE, NextToken: next });
      const { Items: routes = [], NextToken: token } = await this.#client
        .send(page, { abortSignal })
        .catch(throwRetryable(GATEWAY_UNAVAILABLE));
      found.push(...routes);
      next = token;
    } while (next !== undefined);
    return found;
  }

  #integrationTarget(signal: AbortSignal): Promise<string> {
    this.#target ??= this.#findIntegration(signal).catch((error: unknown) => {
      this.#target = undefined;
      throw error;
    });
    return this.#target;
  }

  async #findIntegration(abortSignal: AbortSignal): Promise<string> {
    const command = new GetIntegrationsCommand({ ApiId: this.#apiId, MaxResults: PAGE_SIZE });
    const { Items: integrations = [] } = await this.#client
      .send(command, { abortSignal })
      .catch(throwRetryable(GATEWAY_UNAVAILABLE));
    const [only, ...others] = integrations.filter(invokesLambda);
    if (only?.IntegrationId === undefined || others.length > 0) {
      throw new Error(
        `API ${this.#apiId} must have exactly one Lambda integration, that of the receiver; it has ${others.length + (only ? 1 : 0)}`,
      );
    }
    return `integrations/${only.IntegrationId}`;
  }
}

/** Integrations with AWS services have the same type, and a subtype. */
function invokesLambda({ IntegrationType: type, IntegrationSubtype: service }: Integration): boolean {
  return type === 'AWS_PROXY' && service === undefined;
}

function isError(error: unknown, name: string): error is ApiGatewayV2ServiceException {
  return error instanceof ApiGatewayV2ServiceException && error.name === name;
}

/** Returns the gateway's message where the quota of routes is used up. */
function noRoomReason(error: unknown): string | undefined {
  const isLimit = isError(error, 'TooManyRequestsException') || isError(error, 'LimitExceededException');
  return isLimit && !RATE_EXCEEDED.test(error.message) ? error.message : undefined;
}
