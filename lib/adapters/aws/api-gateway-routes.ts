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
import type { GatewayRoute, GatewayRoutes } from '../../app/ports.ts';
import { RetryableError } from '../../app/errors.ts';

/** The routes that are ours: an API may have others, which are never touched. */
const OUR_ROUTE = /^POST \/bitbucket\/([0-9a-f]{64})$/;

/** How the gateway words a rate that is exceeded, unlike a quota of routes, under one and the same error. */
const RATE_EXCEEDED = /\brate\b|too many requests|throttl/i;

const PAGE_SIZE = '500';

/** The receiver routes of one HTTP API, against the integration that the stack made. */
export class ApiGatewayRoutes implements GatewayRoutes {
  readonly #client = new ApiGatewayV2Client({});
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

  async add(hash: string, abortSignal: AbortSignal): Promise<string | undefined> {
    const route = {
      ApiId: this.#apiId,
      RouteKey: `POST /bitbucket/${hash}`,
      Target: await this.#integrationTarget(abortSignal),
    };
    try {
      await this.#client.send(new CreateRouteCommand(route), { abortSignal });
      return undefined;
    } catch (error) {
      if (isError(error, 'ConflictException')) return undefined;
      const isLimit = isError(error, 'TooManyRequestsException') || isError(error, 'LimitExceededException');
      if (isLimit && !RATE_EXCEEDED.test(error.message)) return error.message;
      throw unavailable(error);
    }
  }

  async remove({ id }: GatewayRoute, abortSignal: AbortSignal): Promise<void> {
    try {
      await this.#client.send(new DeleteRouteCommand({ ApiId: this.#apiId, RouteId: id }), { abortSignal });
    } catch (error) {
      if (!isError(error, 'NotFoundException')) throw unavailable(error);
    }
  }

  async #allRoutes(abortSignal: AbortSignal): Promise<Route[]> {
    const found: Route[] = [];
    let next: string | undefined;
    do {
      const page = new GetRoutesCommand({ ApiId: this.#apiId, MaxResults: PAGE_SIZE, NextToken: next });
      const { Items: routes = [], NextToken: token } = await this.#client
        .send(page, { abortSignal })
        .catch((error: unknown) => {
          throw unavailable(error);
        });
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
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    const [only, ...others] = integrations.filter(invokesLambda);
    if (only?.IntegrationId === undefined || others.length > 0) {
      throw new Error(
        `API ${this.#apiId} must have one Lambda integration, the receiver's; it has ${others.length + (only ? 1 : 0)}`,
      );
    }
    return `integrations/${only.IntegrationId}`;
  }
}

/** Services of AWS's own have the same type, and a subtype. */
function invokesLambda({ IntegrationType: type, IntegrationSubtype: service }: Integration): boolean {
  return type === 'AWS_PROXY' && service === undefined;
}

function isError(error: unknown, name: string): error is ApiGatewayV2ServiceException {
  return error instanceof ApiGatewayV2ServiceException && error.name === name;
}

function unavailable(error: unknown): RetryableError {
  const detail = error instanceof Error ? error.name : undefined;
  return new RetryableError('API Gateway unavailable', {
    cause: error,
    ...(detail === undefined ? {} : { detail }),
  });
}
