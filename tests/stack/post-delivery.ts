import { request } from 'node:http';
import { signatureOf } from '../support/deliver.ts';
import { cloudPush } from '../support/payloads.ts';

export interface Posted {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Posts a push to main of acme/shop as Bitbucket does, signed with `secret`; an empty one signs nothing. The host is taken for loopback. */
export async function postDelivery(url: string, secret: string): Promise<Posted> {
  const { host, port, pathname } = new URL(url);
  const body = JSON.stringify(cloudPush());
  const headers = {
    host,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-event-key': 'repo:push',
    ...(secret !== '' && { 'x-hub-signature': signatureOf(body, secret) }),
  };
  const options = { hostname: '127.0.0.1', port, path: pathname, method: 'POST', headers, agent: false };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode, body: text === '' ? '' : (JSON.parse(text) as unknown) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
