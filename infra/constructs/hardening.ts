import { aws_iam as iam, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentSettings } from '../deployment-settings.ts';

/** Applies what a company asks of all resources: their tags, and the permissions boundary of their roles. */
export function applyHardening(
  scope: Construct,
  { TAGS: tags, PERMISSIONS_BOUNDARY_ARN: boundaryArn }: DeploymentSettings,
): void {
  for (const tag of tags) {
    const [key = ''] = tag.split('=', 1);
    Tags.of(scope).add(key, tag.slice(key.length + 1));
  }
  if (boundaryArn === undefined) return;
  const boundary = iam.ManagedPolicy.fromManagedPolicyArn(scope, 'PermissionsBoundary', boundaryArn);
  iam.PermissionsBoundary.of(scope).apply(boundary);
}
