import { isDeepStrictEqual } from 'node:util';
import { AdmissionDenial, type AdmissionRequest, type KargoObject } from './admission-review.ts';
import type { ClusterLookup } from './cluster-lookup.ts';
import { shortenLabelValue, withShard } from './labels.ts';

/** ServiceAccount of Kargo's own webhook server, where Kargo is installed in the namespace `kargo`. */
const EXEMPT_USER = 'system:serviceaccount:kargo:kargo-external-webhooks-server';

/**
 * Returns the Promotion as Kargo stores it: with the label and annotation of its Stage, the Stage's shard, and the Stage as owner.
 *
 * @throws {AdmissionDenial} where the Stage does not exist
 */
export async function mutatePromotion(
  { object }: AdmissionRequest,
  cluster: ClusterLookup,
): Promise<KargoObject> {
  const { namespace = '' } = object.metadata;
  const stageName = stageOf(object);
  const stage = await cluster.findStage(namespace, stageName);
  if (stage === undefined) {
    const message = `could not find Stage "${stageName}" in namespace "${namespace}"`;
    throw new AdmissionDenial(403, message, message);
  }
  const metadata = withShard(object.metadata, (stage.spec as { shard?: string }).shard);
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, 'kargo.akuity.io/stage': shortenLabelValue(stageName) },
      annotations: { ...metadata.annotations, 'kargo.akuity.io/stage': stageName },
      ownerReferences: [
        {
          apiVersion: 'kargo.akuity.io/v1alpha1',
          kind: 'Stage',
          name: stageName,
          uid: stage.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
  };
}

/**
 * Validates that the requesting user may promote to the Promotion's Stage, and that the spec is unchanged.
 *
 * @throws {AdmissionDenial} otherwise
 */
export async function validatePromotion(request: AdmissionRequest, cluster: ClusterLookup): Promise<void> {
  const { object, oldObject, userInfo } = request;
  const { namespace = '', name } = object.metadata;
  const stage = stageOf(object);
  if (userInfo.username !== EXEMPT_USER && !(await cluster.mayPromote(userInfo, namespace, stage))) {
    throw new AdmissionDenial(
      500,
      'InternalError',
      `Internal error occurred: Promotion.kargo.akuity.io "${name}" is forbidden: subject ` +
        `"${userInfo.username}" is not permitted to update Promotions for Stage "${stage}"`,
    );
  }
  if (!isDeepStrictEqual(object.spec, oldObject.spec)) {
    const message = `Promotion.kargo.akuity.io "${name}" is invalid: spec: Invalid value: spec is immutable`;
    throw new AdmissionDenial(422, 'Invalid', message);
  }
}

function stageOf({ spec }: KargoObject): string {
  return (spec as { stage: string }).stage;
}
