import http from 'node:http';
import https from 'node:https';

/** Address of a cluster API, with a bearer token. `ca` is the PEM bundle to verify its certificate with. */
export interface ApiTarget {
  url: string;
  token: string;
  ca?: string | undefined;
}

export interface ApiRequest {
  method?: string;
  path: string;
  /** A string or bytes are sent unchanged; anything else as JSON. */
  body?: unknown;
  contentType?: string;
  headers?: http.OutgoingHttpHeaders;
  /** Replaces the target's token; empty for no token. */
  token?: string;
  /** Keeps connections from one request to the next. */
  agent?: https.Agent;
}

export interface ApiAnswer {
  code: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The text, parsed where it is JSON. */
  body: ApiBody;
}

/** The fields that tests read of an object, a list or a Status. */
interface ApiBody {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { name?: string; causes?: { field: string; reason: string; message: string }[] };
  metadata: Record<string, unknown> & { name?: string; resourceVersion?: string; continue?: string };
  items?: ApiBody[];
  spec?: unknown;
  status?: unknown;
}

/**
 * Sends one request to a cluster API: without retries, and over a new connection unless there is an `agent`.
 *
 * @throws {Error} of the connection
 */
export async function callApi(target: ApiTarget, request: ApiRequest): Promise<ApiAnswer> {
  const { method = 'GET', path, body, contentType = 'application/json', token = target.token } = request;
  const { agent = false } = request;
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const payload = isRaw ? body : JSON.stringify(body);
  const { hostname, port, protocol } = new URL(target.url);
  const options = {
    hostname,
    port,
    method,
    path,
    agent,
    ca: target.ca,
    headers: {
      accept: 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(payload !== undefined && {
        'content-type': contentType,
        'content-length': Buffer.byteLength(payload),
      }),
      ...request.headers,
    },
  };
  return new Promise((resolve, reject) => {
    const sent = (protocol === 'https:' ? https : http).request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ code: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

function parsed(text: string): ApiBody {
  try {
    return JSON.parse(text) as ApiBody;
  } catch {
    return { metadata: {} };
  }
}
