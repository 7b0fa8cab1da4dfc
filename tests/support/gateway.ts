import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Route {
  readonly routeId: string;
  readonly routeKey: string;
  readonly target: string;
}

/** An error in the form of API Gateway's own. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** The error of a quota that is used up. */
export const NO_ROOM: Refusal = {
  status: 429,
  type: 'TooManyRequestsException',
  message: 'Maximum number of Routes for this API has been reached.',
};

/** Fake of API Gateway's control plane, for the routes of one HTTP API. */
export class Gateway {
  readonly routes: Route[] = [];
  integrations = [{ integrationId: 'receiver', integrationType: 'AWS_PROXY' }];
  /** Every change, in order: `POST route-key` or `DELETE route-key`. */
  readonly changes: string[] = [];
  /** Called for each request. Returns undefined to accept it. */
  refuse: (method: string, path: string) => Refusal | undefined = () => undefined;
  /** Routes in one answer. */
  pageSize = 500;
  /** Quota of all routes of the API. */
  quota = Infinity;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #made = 0;

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Adds a route directly, without counting it as a change. */
  add(routeKey: string, target = 'integrations/receiver'): Route {
    this.#made += 1;
    const route = { routeId: `route-${this.#made}`, routeKey, target };
    this.routes.push(route);
    return route;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url = '' } = request;
    const { pathname, searchParams } = new URL(url, 'http://gateway');
    const refusal = this.refuse(method, pathname);
    const [status, body, type] = refusal
      ? ([refusal.status, { message: refusal.message }, refusal.type] as const)
      : this.#act(method, pathname, searchParams.get('nextToken'), Buffer.concat(chunks).toString());
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(type !== undefined && { 'x-amzn-errortype': type }),
    });
    response.end(status === 204 ? undefined : JSON.stringify(body));
  }

  #act(
    method: string,
    path: string,
    nextToken: string | null,
    body: string,
  ): [status: number, body: unknown, errorType?: string] {
    if (method === 'GET' && path === '/v2/apis/api/integrations') return [200, { items: this.integrations }];
    if (method === 'GET' && path === '/v2/apis/api/routes') {
      const start = Number(nextToken ?? 0);
      const end = start + this.pageSize;
      const more = end < this.routes.length ? { nextToken: String(end) } : {};
      return [200, { items: this.routes.slice(start, end), ...more }];
    }
    if (method === 'POST' && path === '/v2/apis/api/routes') {
      const { routeKey, target } = JSON.parse(body) as { routeKey: string; target: string };
      if (this.routes.length >= this.quota) return [429, { message: NO_ROOM.message }, NO_ROOM.type];
      this.changes.push(`POST ${routeKey}`);
      return [201, this.add(routeKey, target)];
    }
    const index = this.routes.findIndex(({ routeId }) => path === `/v2/apis/api/routes/${routeId}`);
    if (method !== 'DELETE' || index < 0) return [404, { message: 'Not Found' }];
    const [removed] = this.routes.splice(index, 1);
    this.changes.push(`DELETE ${removed?.routeKey}`);
    return [204, undefined];
  }
}
