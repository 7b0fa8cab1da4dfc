import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aws_eks as eks } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parseAllDocuments } from 'yaml';
import type { ClusterAccess } from '../deployment.ts';
import { packageRoot } from '../package-root.ts';
import { values, type FunctionId } from '../values.ts';

/** What is used of an EKS cluster construct: one of aws-eks and one of aws-eks-v2 fit, made here or imported with these attributes. */
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

/** Gives what the functions are told of the cluster. */
export function clusterAccessOf(cluster: ClusterProp): ClusterAccess {
  if ('kubeconfigSecret' in cluster) return { kind: 'kubeconfig-secret', secretId: cluster.kubeconfigSecret };
  if ('endpoint' in cluster) return { kind: 'eks', ...cluster };
  return {
    kind: 'eks',
    name: cluster.clusterName,
    endpoint: cluster.clusterEndpoint,
    ca: cluster.clusterCertificateAuthorityData,
  };
}

/** Lets a function's role into the cluster as a member of its Kubernetes group, to which infra/rbac binds what it may do. */
export function addAccessEntry(
  scope: Construct,
  id: FunctionId,
  clusterName: string,
  principalArn: string,
): void {
  new eks.CfnAccessEntry(scope, 'AccessEntry', {
    clusterName,
    principalArn,
    kubernetesGroups: [values.kubernetesGroups[id]],
    type: 'STANDARD',
  });
}

/** Applies the manifests of infra/rbac through the cluster construct. Raises an error where it cannot. */
export function applyRbac(cluster: ClusterProp | undefined): void {
  if (cluster === undefined || !('addManifest' in cluster) || cluster.addManifest === undefined) {
    throw new Error('applyRbac needs a cluster construct: without one, kubectl apply -f infra/rbac');
  }
  for (const id of ['receiver', 'reconciler']) {
    const text = readFileSync(join(packageRoot, 'infra', 'rbac', `${id}.yaml`), 'utf8');
    const manifests = parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);
    cluster.addManifest(`KargoFrontDoor-${id}`, ...manifests);
  }
}
