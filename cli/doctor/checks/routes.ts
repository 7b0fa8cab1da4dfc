import { skipped, toResult, type Check } from '../check.ts';
import { nameOf } from '../installation.ts';

/** The gateway has a route for each receiver. */
export const routesCheck: Check = {
  name: 'routes',
  async run(installation, signal) {
    if (installation.source.deployment === undefined) return skipped('the local run has one route for all');
    const routes = await installation.routes(signal);
    if (routes === undefined) return skipped('the gateway has one route for all (ROUTES=shared)');
    const routed = new Set((await routes.list(signal)).map(({ hash }) => hash));
    const receivers = await installation.receivers(signal);
    const missing = receivers.filter(
      ({ hashes }) => hashes.current !== undefined && !routed.has(hashes.current),
    );
    const advice =
      'The reconciler adds it within a minute. If it stays: the condition of the config says why; the quota of routes ' +
      'can be raised, or ROUTES=shared needs one only.';
    return toResult(
      missing.map(({ receiver }) => ({ fact: `${nameOf(receiver)} has no route`, advice })),
      `${receivers.length} receivers, ${routed.size} routes`,
    );
  },
};
