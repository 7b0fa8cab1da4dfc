import * as v from 'valibot';
import { formatBaseUrl, isSameBase } from '../../../lib/core/kargo/receiver-path.ts';
import { ok, skipped, toResult, type Check } from '../check.ts';
import { findKargo } from '../kargo-installation.ts';

/** The setting with which Kargo's own controller publishes URLs. */
const SETTING = 'EXTERNAL_WEBHOOK_SERVER_BASE_URL';

const configMaps = v.object({
  items: v.array(v.object({ data: v.optional(v.record(v.string(), v.string()), {}) })),
});

/** Kargo's own controller publishes the same URLs. */
export const kargoBaseUrlCheck: Check = {
  name: 'kargo base URL',
  async run(installation, signal) {
    const cluster = await installation.cluster(signal);
    const kargo = await findKargo(cluster, signal);
    if (kargo === undefined) return skipped('the namespace of Kargo cannot be found');
    const list = await cluster.read(`/api/v1/namespaces/${kargo.namespace}/configmaps`, signal);
    if (list.kind !== 'found' || !v.is(configMaps, list.content)) {
      return skipped(`these credentials may not list the ConfigMaps in namespace ${kargo.namespace}`);
    }
    const urls = v.parse(configMaps, list.content).items.flatMap(({ data }) => data[SETTING] || []);
    const ours = formatBaseUrl((await installation.settings(signal)).base);
    const others = [...new Set(urls)].filter((url) => !isSameBase(url, ours));
    if (urls.length === 0) return ok(`Kargo has no ${SETTING}`);
    const advice = `Give Kargo's chart the base URL ${ours}, or separate the projects: docs/migrating-from-kargo.md.`;
    return toResult(
      others.map((url) => ({ fact: `Kargo publishes receivers at ${url}, and not at ${ours}`, advice })),
      `the same as Kargo's: ${ours}`,
    );
  },
};
