import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiTarget } from '../api-client.ts';
import { AdmissionDenial, allow, deny, type AdmissionRequest } from './admission-review.ts';
import { ClusterLookup } from './cluster-lookup.ts';
import { mutatePromotion, validatePromotion } from './promotion-webhook.ts';
import { registerWebhooks } from './registration.ts';
import { mutateWarehouse, validateWarehouse } from './warehouse-webhook.ts';

/** Returns the answer to a request, or throws an AdmissionDenial. */
type Webhook = (request: AdmissionRequest, cluster: ClusterLookup) => object | Promise<object>;

/** By path. */
const WEBHOOKS: Readonly<Record<string, Webhook>> = {
  '/mutate/warehouse': (request) => allow(request, mutateWarehouse(request)),
  '/mutate/promotion': async (request, cluster) => allow(request, await mutatePromotion(request, cluster)),
  '/validate/warehouse': (request) => {
    validateWarehouse(request);
    return allow(request);
  },
  '/validate/promotion': async (request, cluster) => {
    await validatePromotion(request, cluster);
    return allow(request);
  },
};

export interface KargoWebhooksOptions {
  /** The cluster, with the administrator's token. Its CA is the certificate of `key`. */
  readonly target: ApiTarget & { readonly ca: string };
  /** PEM of the private key to serve with. */
  readonly key: string;
}

/** Fakes of Kargo's admission webhooks for Warehouses and Promotions, registered at a real cluster API. */
export interface KargoWebhooks {
  close(): Promise<void>;
}

/**
 * Serves webhooks on loopback that treat updates as Kargo's do, and registers them with failurePolicy `Fail`: without this
 * process no Warehouse and no Promotion can be updated. They do not keep the process running.
 *
 * @throws {Error} where they cannot be registered
 */
export async function startKargoWebhooks({ target, key }: KargoWebhooksOptions): Promise<KargoWebhooks> {
  const cluster = new ClusterLookup(target);
  const called = new Set<string>();
  const answer = async (incoming: IncomingMessage): Promise<object> => {
    const path = new URL(incoming.url ?? '', target.url).pathname;
    called.add(path);
    const { request } = JSON.parse(await readText(incoming)) as { request: AdmissionRequest };
    try {
      return await WEBHOOKS[path]!(request, cluster);
    } catch (error) {
      if (error instanceof AdmissionDenial) return deny(request, error);
      throw error;
    }
  };
  const server = createServer({ key, cert: target.ca }, (incoming, response) => {
    answer(incoming).then(
      (review) => response.setHeader('content-type', 'application/json').end(JSON.stringify(review)),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  server.on('secureConnection', (socket) => socket.unref());
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    cluster.close();
    await closed;
  };
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const areCalled = (): boolean => called.has('/mutate/warehouse') && called.has('/validate/warehouse');
  try {
    await registerWebhooks(target, url, areCalled);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
