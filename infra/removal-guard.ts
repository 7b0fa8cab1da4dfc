import {
  CloudFormationClient,
  CloudFormationServiceException,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { parse } from 'yaml';
import { DeploymentError } from './deployment-settings.ts';
import { findRemovals, REMOVAL_KINDS, type StackTemplate } from './removals.ts';

/** The confirmation of one deployment. It is no setting of the file, where it would confirm every later one as well. */
export const CONFIRMATION = 'CONFIRM_REMOVAL';

/** A deployment about to be made. */
export interface PlannedDeployment {
  readonly stackName: string;
  readonly template: StackTemplate;
  /** Where its settings are written, in messages. */
  readonly origin: string;
  /** Value of {@link CONFIRMATION}. */
  readonly confirmation: string | undefined;
}

/**
 * Refuses a deployment that would remove the VPC, the domain or access entries of the stack that is deployed, unless it is confirmed.
 *
 * @param client - of the account and region of the deployment
 * @returns why the deployed stack could not be read; undefined where it was, or where there is none
 * @throws {DeploymentError} that names what would be removed
 */
export async function refuseRemovals(
  client: CloudFormationClient,
  { stackName, template, origin, confirmation }: PlannedDeployment,
): Promise<string | undefined> {
  const confirmed = readConfirmation(confirmation);
  const deployed = await readDeployedTemplate(client, stackName);
  if (deployed instanceof Error)
    return `The stack ${stackName} could not be read (${deployed.name}: ${deployed.message}). Nobody checked whether this deployment removes its VPC, domain or access entries.`;
  const removals = findRemovals(deployed, template).filter(({ kind }) => !confirmed.includes(kind));
  if (removals.length === 0) return undefined;
  const kinds = [...new Set(removals.map(({ kind }) => kind))].join(',');
  throw new DeploymentError([
    ...removals.map(({ description }) => `it removes ${description} from the stack ${stackName}`),
    `correct the settings in ${origin}, or confirm this once: ${CONFIRMATION}=${kinds}`,
  ]);
}

function readConfirmation(confirmation = ''): string[] {
  const kinds = confirmation.split(',').flatMap((kind) => kind.trim() || []);
  const known: readonly string[] = REMOVAL_KINDS;
  if (kinds.every((kind) => known.includes(kind))) return kinds;
  throw new DeploymentError([`${CONFIRMATION} must be some of ${REMOVAL_KINDS.join(', ')}`]);
}

/** Reads the template of a stack as it was deployed: an empty one where there is no stack, the error where it cannot be read. */
async function readDeployedTemplate(
  client: CloudFormationClient,
  stackName: string,
): Promise<StackTemplate | Error> {
  try {
    const command = new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' });
    const { TemplateBody = '{}' } = await client.send(command);
    // JSON is YAML; a template that someone deployed by hand may be either.
    return parse(TemplateBody, { logLevel: 'silent' }) as StackTemplate;
  } catch (error) {
    if (error instanceof CloudFormationServiceException && /does not exist/.test(error.message)) return {};
    return error as Error;
  }
}
