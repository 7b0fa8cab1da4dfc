import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** What went over the connections to the cluster API, after TLS and as compressed as it was sent. */
export interface Exchanges {
  readonly calls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Counts what this process exchanges with the cluster API, by the channels on which its HTTP client tells of itself. */
export class ExchangeMeter {
  #calls = 0;
  readonly #sockets = new Set<Socket>();

  constructor() {
    subscribe('undici:request:create', () => (this.#calls += 1));
    subscribe('undici:client:connected', (message) =>
      this.#sockets.add((message as { readonly socket: Socket }).socket),
    );
  }

  /** Gives the sums since the process began. */
  read(): Exchanges {
    const sockets = [...this.#sockets];
    return {
      calls: this.#calls,
      bytesIn: sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      bytesOut: sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    };
  }
}
