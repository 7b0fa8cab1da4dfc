import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy on loopback whose connections can be dropped silently, as a network does during a long freeze. */
export class DroppingProxy {
  readonly #connections: Socket[] = [];
  readonly #dropped = new Set<Socket>();
  readonly #server: net.Server;

  constructor(target: string) {
    const { hostname, port } = new URL(target);
    this.#server = net.createServer((client) => {
      const upstream = net.connect(Number(port), hostname);
      this.#connections.push(client);
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.on('data', (chunk) => void (this.#dropped.has(client) || upstream.write(chunk)));
      upstream.on('data', (chunk) => void (this.#dropped.has(client) || client.write(chunk)));
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers nothing any more over the connections that are open now. */
  dropConnections(): void {
    for (const connection of this.#connections) this.#dropped.add(connection);
  }

  stop(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#server.close();
  }
}
