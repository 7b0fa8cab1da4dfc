import { REGISTRY_PATH } from '../../lib/core/delivery/endpoint.ts';
import { FUNCTIONS, FUNCTION_NAMES, type Trigger } from '../../lib/functions.ts';
import { ESBUILD_OPTIONS } from '../bundles/esbuild-options.ts';
import { RUNTIME, SHARED_ROUTE_PATH } from '../constants.ts';
import { handlerOf } from '../package-paths.ts';

export const runtime = RUNTIME;

/** The options of serverless-esbuild. */
export const esbuild = {
  ...ESBUILD_OPTIONS,
  outputFileExtension: '.mjs',
  exclude: [],
  plugins: 'infra/serverless/esbuild-plugins.js',
  // A rebuild ends the functions that are just being invoked; npm start serves what it began with.
  watch: { pattern: [] },
};

/** The functions as the framework packages them and serverless-offline runs them; their deployment is plugin.ts. */
export const functions = Object.fromEntries(
  FUNCTION_NAMES.map((name) => {
    const { timeoutSeconds: timeout, trigger } = FUNCTIONS[name];
    return [name, { handler: handlerOf(name), timeout, events: eventsOf(trigger) }];
  }),
);

function eventsOf(trigger: Trigger): object[] {
  switch (trigger.kind) {
    case 'http':
      return [SHARED_ROUTE_PATH, REGISTRY_PATH].map((path) => ({ httpApi: { method: 'POST', path } }));
    case 'schedule':
      return [{ schedule: { rate: trigger.rate } }];
    case 'queue':
      // serverless-offline has no queue: npm start invokes the function itself.
      return [];
    default:
      return trigger satisfies never;
  }
}
