import { aws_secretsmanager as secretsmanager, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { findTemplateConflict } from '../../lib/adapters/settings/setting-rules.ts';
import { DeploymentError } from '../deployment-settings.ts';

/**
 * Adds the secret in which the reconciler keeps a copy of the receivers, for while the cluster API is unavailable.
 *
 * @param template - of the receivers' secrets
 * @returns its ARN
 * @throws {DeploymentError} where a project could name it
 */
export function addReceiversSecret(scope: Construct, deploymentName: string, template: string): string {
  const secretName = `${deploymentName}/receivers`;
  const conflict = findTemplateConflict(template, [secretName]);
  if (conflict !== undefined) throw new DeploymentError([`the template of secrets' names: ${conflict}`]);
  const secret = new secretsmanager.Secret(scope, 'Receivers', {
    secretName,
    description:
      'Names of the receivers and of their secrets, written by the reconciler. It holds no secret.',
    // The reconciler writes it again.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const reason = 'It holds names only, and the reconciler writes it.';
  Validations.of(secret).acknowledge({ id: 'AwsSolutions-SMG4', reason });
  // The ARN, like `Ref`, for which the emulator of the tests returns the name.
  return (secret.node.defaultChild as secretsmanager.CfnSecret).attrId;
}
