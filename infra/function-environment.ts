import type { ClusterAccess, Deployment } from './deployment.ts';
import type { FunctionId } from './values.ts';

/** What the environment says of the deployment; of a CDK construct's props as of settings. */
export type EnvironmentFacts = Pick<
  Deployment,
  'secretNameTemplate' | 'systemResourcesNamespace' | 'rotationGraceHours' | 'cluster' | 'logLevel'
>;

/** References to what the stack itself makes, in the notation of either tool. */
export interface EnvironmentReferences<Reference> {
  readonly receiverBaseUrl: Reference;
  /** Undefined where the stack makes the one route itself. */
  readonly routesApiId: Reference | undefined;
}

/** Gives a function's environment (docs/settings.md). */
export function functionEnvironment<Reference>(
  id: FunctionId,
  facts: EnvironmentFacts,
  references: EnvironmentReferences<Reference>,
): Record<string, string | Reference> {
  return {
    RECEIVER_BASE_URL: references.receiverBaseUrl,
    SECRET_NAME_TEMPLATE: facts.secretNameTemplate,
    SYSTEM_RESOURCES_NAMESPACE: facts.systemResourcesNamespace,
    ROTATION_GRACE_HOURS: facts.rotationGraceHours,
    ...clusterEnvironment(facts.cluster),
    ...(id === 'reconciler' &&
      references.routesApiId !== undefined && { ROUTES_API_ID: references.routesApiId }),
    LOG_LEVEL: facts.logLevel,
    // Stack traces name the sources, not the bundle.
    NODE_OPTIONS: '--enable-source-maps',
  };
}

function clusterEnvironment(cluster: ClusterAccess): Record<string, string> {
  return cluster.kind === 'eks'
    ? { EKS_CLUSTER_NAME: cluster.name, EKS_CLUSTER_ENDPOINT: cluster.endpoint, EKS_CLUSTER_CA: cluster.ca }
    : { KUBECONFIG_SECRET_ID: cluster.secretId };
}
