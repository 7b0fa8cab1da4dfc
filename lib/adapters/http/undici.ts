// The parts of undici that are needed. Its index loads fetch, WebSocket, caches and mocks too, which a cold start would pay for.
import api from 'undici/lib/api/index.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';

// As the index does. The proxy agent needs it too.
Object.assign(Dispatcher.prototype, api);

export { default as buildConnector } from 'undici/lib/core/connect.js';
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from 'undici/lib/dispatcher/proxy-agent.js';
export type { Dispatcher } from 'undici';
