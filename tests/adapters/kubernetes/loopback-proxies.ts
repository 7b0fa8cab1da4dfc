import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

/** A proxy on loopback, and the targets of the connections that it made. */
export interface LoopbackTunnel {
  readonly port: number;
  readonly targets: readonly string[];
  close(): Promise<void>;
}

/** Starts an HTTP proxy that answers CONNECT. */
export async function startConnectProxy(): Promise<LoopbackTunnel> {
  const targets: string[] = [];
  const server = http.createServer();
  server.on('connect', ({ url = '' }, client: Socket) => {
    targets.push(url);
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    join(client, url);
  });
  return listen(server, targets);
}

/** Starts a SOCKS5 proxy without authentication (RFC 1928). */
export async function startSocksProxy(): Promise<LoopbackTunnel> {
  const targets: string[] = [];
  const server = net.createServer((client) => {
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request: Buffer) => {
        const isName = request[3] === 3;
        const end = isName ? 5 + (request[4] ?? 0) : 8;
        const host = isName
          ? request.subarray(5, end).toString()
          : [...request.subarray(4, end)].map(String).join('.');
        const target = `${host}:${request.readUInt16BE(end)}`;
        targets.push(target);
        client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        join(client, target);
      });
    });
  });
  return listen(server, targets);
}

function join(client: Socket, target: string): void {
  const [host = '', port] = target.split(':');
  const upstream = net.connect(Number(port), host);
  for (const socket of [client, upstream]) socket.on('error', () => undefined);
  client.on('close', () => upstream.destroy());
  client.pipe(upstream).pipe(client);
}

async function listen(server: net.Server, targets: readonly string[]): Promise<LoopbackTunnel> {
  const clients = new Set<Socket>();
  server.on('connection', (client: Socket) => clients.add(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    targets,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}
