import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { aws_eks as eks } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseAllDocuments } from 'yaml';
import type { FunctionName } from '../../lib/functions.ts';
import { PACKAGE_ROOT } from '../package-paths.ts';

/** The part of an EKS cluster construct that is used: of aws-eks or aws-eks-v2, new or imported with these attributes. */
interface EksClusterConstruct {
  readonly clusterName: string;
  readonly clusterEndpoint: string;
  readonly clusterCertificateAuthorityData: string;
  addManifest?(id: string, ...manifest: Record<string, unknown>[]): unknown;
}

/** The cluster in the forms in which a team may have it. */
export type ClusterProp =
  | EksClusterConstruct
  | { readonly name: string; readonly endpoint: string; readonly ca: string }
  | { readonly kubeconfigSecret: string };

/** Reads a cluster in any of its forms. */
export function readCluster(cluster: ClusterProp | undefined): {
  readonly kubeconfigSecret?: string;
  readonly eks?: { readonly name: string; readonly endpoint: string; readonly ca: string };
} {
  if (cluster === undefined) return {};
  if ('kubeconfigSecret' in cluster) return cluster;
  if ('endpoint' in cluster) return { eks: cluster };
  const { clusterName: name, clusterEndpoint: endpoint, clusterCertificateAuthorityData: ca } = cluster;
  return { eks: { name, endpoint, ca } };
}

/** Makes a function's role a member of its Kubernetes group, to which infra/rbac binds its rights. */
export function addAccessEntry(
  scope: Construct,
  name: FunctionName,
  clusterName: string,
  principalArn: string,
): void {
  new eks.CfnAccessEntry(scope, 'AccessEntry', {
    clusterName,
    principalArn,
    kubernetesGroups: [`kargo-front-door:${name}`],
    type: 'STANDARD',
  });
}

/**
 * Applies the manifests of infra/rbac through the cluster construct.
 *
 * @throws {Error} where the cluster is not a construct that applies manifests
 */
export function applyRbac(cluster: ClusterProp | undefined): void {
  if (cluster === undefined || !('addManifest' in cluster) || cluster.addManifest === undefined) {
    throw new Error('applyRbac needs a cluster construct: without one, kubectl apply -f infra/rbac');
  }
  const folder = join(PACKAGE_ROOT, 'infra', 'rbac');
  for (const file of readdirSync(folder).toSorted()) {
    const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'));
    const manifests = documents.map((document) => document.toJS() as Record<string, unknown>);
    cluster.addManifest(`KargoFrontDoor-${basename(file, '.yaml')}`, ...manifests);
  }
}
