// An import of node:http reads all its exports. WebSocket and its events load Node's own copy of undici; these are the others.
const http = process.getBuiltinModule('node:http');

export const { Agent, ClientRequest, IncomingMessage, OutgoingMessage, Server, ServerResponse } = http;
export const { METHODS, STATUS_CODES, globalAgent, maxHeaderSize } = http;
export const {
  _connectionListener,
  createServer,
  get,
  request,
  setGlobalProxyFromEnv,
  setMaxIdleHTTPParsers,
} = http;
export const { validateHeaderName, validateHeaderValue } = http;
export default http;
