import * as v from 'valibot';
import { indexNames, isIndexFresh, readIndexHead } from '../../../lib/core/kargo/lookup-index/index-head.ts';
import { openPiece } from '../../../lib/core/kargo/lookup-index/index-piece.ts';
import { INDEX_NAMESPACE } from '../../../lib/adapters/kubernetes/index-config-maps.ts';
import { failed, ok, skipped, type Check, type CheckResult } from '../check.ts';

const configMap = v.object({ data: v.unknown() });

/** The lookup index of this deployment is there and fresh. Without it the receiver lists the cluster for each delivery. */
export const lookupIndexCheck: Check = {
  name: 'lookup index',
  async run(installation, signal) {
    const { head } = indexNames((await installation.settings(signal)).base);
    const cluster = await installation.cluster(signal);
    const path = `/api/v1/namespaces/${INDEX_NAMESPACE}/configmaps/${head}`;
    const found = await cluster.read(path, signal);
    if (found.kind === 'forbidden')
      return skipped(`these credentials may not read ConfigMaps in ${INDEX_NAMESPACE}`);
    const wrong = (what: string, advice: string): CheckResult =>
      failed(`ConfigMap ${INDEX_NAMESPACE}/${head} ${what}`, advice);
    if (found.kind === 'absent') {
      return wrong(
        'does not exist',
        'kubectl apply -f infra/rbac. The reconciler writes it within a minute.',
      );
    }
    const piece = openPiece(v.is(configMap, found.content) ? found.content.data : undefined);
    const index = typeof piece === 'string' ? undefined : readIndexHead(piece.content);
    if (index === undefined) {
      return wrong('cannot be read', 'Delete it. The reconciler writes it again within a minute.');
    }
    const now = new Date();
    if (!isIndexFresh(index, now)) {
      return wrong(
        `is of ${index.indexedAt}`,
        'The reconciler writes it every minute: see its alarms and its log.',
      );
    }
    const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(index.indexedAt)) / 1000));
    return ok(`written ${seconds} s ago`);
  },
};
