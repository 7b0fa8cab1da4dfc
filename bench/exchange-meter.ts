import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { SecretsManager } from '../lib/adapters/aws/secrets-manager.ts';

/** Traffic of this process. */
export interface Exchanges {
  /** Requests by kind, such as `patch warehouses`, `list promotions` or `GetSecretValue`. */
  readonly calls: Readonly<Record<string, number>>;
  /** Secrets that were asked for, however many with one request. */
  readonly secrets: number;
  /** Bytes from and to the cluster API, inside TLS and as compressed as they were sent. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Measures the traffic of this process by the diagnostics channels of its HTTP clients. */
export class ExchangeMeter {
  readonly #calls = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  #secrets = 0;

  constructor() {
    subscribe('undici:request:create', (message) => {
      const { request } = message as { readonly request: { readonly method: string; readonly path: string } };
      this.#count(kindOf(request));
    });
    subscribe('undici:client:connected', (message) =>
      this.#sockets.add((message as { readonly socket: Socket }).socket),
    );
    subscribe('http.client.request.start', (message) => {
      const target = (message as { readonly request: ClientRequest }).request.getHeader('x-amz-target');
      if (typeof target === 'string') this.#count(target.replace(/^.*\./, ''));
    });
    this.#countSecrets();
  }

  /** Returns the totals since the process started. */
  read(): Exchanges {
    const sockets = [...this.#sockets];
    return {
      calls: Object.fromEntries(this.#calls),
      secrets: this.#secrets,
      bytesIn: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      bytesOut: sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    };
  }

  #count(kind: string): void {
    this.#calls.set(kind, (this.#calls.get(kind) ?? 0) + 1);
  }

  /** The requests do not show how many secrets they name, so the methods that send them are wrapped. */
  #countSecrets(): void {
    const wrap = (
      name: 'read' | 'readBatch',
      countOf: (secretIds: string | readonly string[]) => number,
    ): void => {
      const method = Reflect.get(SecretsManager.prototype, name) as (...args: unknown[]) => unknown;
      const counting = (...args: unknown[]): void =>
        void (this.#secrets += countOf(args[0] as string | readonly string[]));
      Reflect.set(SecretsManager.prototype, name, function countAndCall(this: unknown, ...args: unknown[]) {
        counting(...args);
        return Reflect.apply(method, this, args);
      });
    };
    wrap('read', () => 1);
    wrap('readBatch', ({ length }) => length);
  }
}

/** Returns the mean traffic of one of several rounds between two readings. */
export function meanExchanges(before: Exchanges, after: Exchanges, rounds: number): Exchanges {
  const calls = Object.entries(after.calls).flatMap(([kind, count]) => {
    const more = count - (before.calls[kind] ?? 0);
    return more > 0 ? [[kind, more / rounds] as const] : [];
  });
  return {
    calls: Object.fromEntries(calls),
    secrets: (after.secrets - before.secrets) / rounds,
    bytesIn: (after.bytesIn - before.bytesIn) / rounds,
    bytesOut: (after.bytesOut - before.bytesOut) / rounds,
  };
}

/** `GET /apis/GROUP/VERSION/namespaces/NAMESPACE/warehouses/NAME?…` is `get warehouses`. */
function kindOf({ method, path }: { readonly method: string; readonly path: string }): string {
  const pattern =
    /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?(?<plural>[a-z]+)(?<name>\/[^/?]+)?(?<status>\/status)?/;
  const { plural = path, name, status = '' } = pattern.exec(path)?.groups ?? {};
  const verb = method === 'GET' && name === undefined ? 'list' : method.toLowerCase();
  return `${verb} ${plural}${status}`;
}
