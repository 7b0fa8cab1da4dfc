import { request } from 'node:http';
import { gatewayEvent, type DeliveryAnswer, type DeliveryOptions } from '../support/deliver.ts';

/** Posts a delivery to this URL as Bitbucket does. Whatever its host, it is looked for on loopback. */
export async function postDelivery(url: string, delivery: DeliveryOptions): Promise<DeliveryAnswer> {
  const { host, port, pathname } = new URL(url);
  const { headers, body = '' } = gatewayEvent(delivery);
  const options = {
    hostname: '127.0.0.1',
    port,
    path: pathname,
    method: 'POST',
    headers: { ...headers, host, 'content-length': Buffer.byteLength(body) },
    agent: false,
  };
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
