import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startLoopbackServer, type LoopbackServer } from '../../local/fakes/loopback-server.ts';
import { startLocalGateway } from '../../local/local-gateway.ts';

let functions: LoopbackServer;
let gateway: LoopbackServer;

beforeEach(async () => {
  functions = await startLoopbackServer(0, (incoming, outgoing) => {
    if (incoming.url === '/hangs') return;
    if (incoming.url === '/crashes') {
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(202, { 'x-path': incoming.url ?? '', 'x-host': incoming.headers.host ?? '' });
    incoming.pipe(outgoing);
  });
  gateway = await startLocalGateway(0, functions.url, 300);
});

afterEach(async () => {
  await gateway.close();
  await functions.close();
});

const post = (path: string, body: string | Uint8Array<ArrayBuffer> = '') =>
  fetch(`${gateway.url}${path}`, { method: 'POST', body });

test('passes on a request and its answer byte for byte', async () => {
  const body = Buffer.from([0, 0xff, 0x7b, 0x0a]);
  const answer = await post('/bitbucket/abc?x=1', new Uint8Array(body));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('x-path')).toBe('/bitbucket/abc?x=1');
  expect(answer.headers.get('x-host')).toBe(new URL(gateway.url).host);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
});

test.each([
  ['takes longer than a function may', '/hangs', 504, { message: 'Endpoint request timed out' }],
  ['ends without an answer', '/crashes', 502, { message: 'Bad Gateway' }],
])('a request that %s is never answered 200', async (_what, path, status, body) => {
  const answer = await post(path);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual(body);
});
