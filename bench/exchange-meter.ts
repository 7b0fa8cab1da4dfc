import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Traffic with the cluster API: requests, and bytes inside TLS, as compressed as they were sent. */
export interface Exchanges {
  readonly calls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Measures the traffic of this process with the cluster API, by the diagnostics channels of its HTTP client. */
export class ExchangeMeter {
  #calls = 0;
  readonly #sockets = new Set<Socket>();

  constructor() {
    subscribe('undici:request:create', () => (this.#calls += 1));
    subscribe('undici:client:connected', (message) =>
      this.#sockets.add((message as { readonly socket: Socket }).socket),
    );
  }

  /** Returns the totals since the process started. */
  read(): Exchanges {
    const sockets = [...this.#sockets];
    return {
      calls: this.#calls,
      bytesIn: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      bytesOut: sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    };
  }
}
