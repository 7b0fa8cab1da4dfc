import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Construct } from 'constructs';
import { parseAllDocuments } from 'yaml';
import type { KargoFrontDoorProps } from '../front-door-props.ts';
import { PACKAGE_ROOT } from '../package-paths.ts';

/**
 * Applies the manifests of infra/rbac through the cluster construct.
 *
 * @throws {Error} where the cluster is not a construct that applies manifests
 */
export function applyRbac(cluster: KargoFrontDoorProps['cluster']): void {
  if (cluster === undefined || !('addManifest' in cluster) || cluster.addManifest === undefined) {
    throw new Error('applyRbac needs a cluster construct: without one, kubectl apply -f infra/rbac');
  }
  const folder = join(PACKAGE_ROOT, 'infra', 'rbac');
  let before: Construct | undefined;
  for (const file of readdirSync(folder).toSorted()) {
    const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'));
    const manifests = documents.map((document) => document.toJS() as Record<string, unknown>);
    const applied = cluster.addManifest(`KargoFrontDoor-${basename(file, '.yaml')}`, ...manifests);
    if (!Construct.isConstruct(applied)) continue;
    // The first file makes the namespace of the roles in the others.
    if (before !== undefined) applied.node.addDependency(before);
    before = applied;
  }
}
