import { ok, skipped, toResult, type Check } from '../check.ts';
import { findKargo } from '../kargo-installation.ts';

/** The oldest version whose definitions and webhooks this system knows. */
const MIN_MINOR = 11;

/** Kargo's version. */
export const kargoCheck: Check = {
  name: 'kargo',
  async run(installation, signal) {
    const cluster = await installation.cluster(signal);
    const list = await cluster.read('/apis/kargo.akuity.io/v1alpha1/warehouses?limit=1', signal);
    if (list.kind === 'absent') {
      const fact = 'the cluster does not serve kargo.akuity.io/v1alpha1';
      return toResult(
        [{ fact, advice: 'Install Kargo, or choose the cluster that has it: --cluster CONTEXT.' }],
        '',
      );
    }
    if (list.kind === 'forbidden') return skipped('these credentials may not list Warehouses');
    const kargo = await findKargo(cluster, signal);
    if (kargo?.version === undefined) return ok('installed; its version cannot be read');
    const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kargo.version) ?? [];
    const isOld = major === '1' && Number(minor) < MIN_MINOR;
    const fact = `Kargo ${kargo.version} is older than 1.${MIN_MINOR}: which refs select commits may differ`;
    const problems = isOld ? [{ fact, advice: 'Upgrade Kargo.' }] : [];
    return toResult(problems, `${kargo.version} in namespace ${kargo.namespace}`);
  },
};
