import { resolve } from 'node:path';
import * as v from 'valibot';
import { readConfigurationFile, type ConfigurationFile } from './configuration-file.ts';
import {
  DeploymentError,
  deploymentSettings,
  readDeploymentSettings,
  type DeploymentSettings,
} from './deployment-settings.ts';
import { text } from './setting-kinds.ts';

/** The file that both tools read, unless `FRONT_DOOR_CONFIG` names another one. */
const CONFIGURATION_FILE = 'front-door.yaml';

/** The settings that say where a deployment goes. */
export const placeSchema = v.object({
  /** What follows it in the names of functions, such as `-reconciler`, fits into Lambda's 64 characters. */
  STACK_NAME: text(
    /^[A-Za-z][A-Za-z0-9-]{0,49}$/,
    'must be at most 50 letters, digits and "-", a letter first',
  ),
  AWS_REGION: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region, such as eu-central-1'),
  AWS_ACCOUNT_ID: text(/^\d{12}$/, 'must be the 12 digits of an account'),
});

/** Where a deployment goes. */
export interface DeploymentPlace {
  /** Default: the tool's own. */
  readonly stackName: string | undefined;
  /** The account and region, where they are set; or else the tool deploys to those of its credentials. */
  readonly environment: { readonly account?: string; readonly region?: string };
  /** Where this is written, in messages. */
  readonly origin: string;
}

/** What a deployment is and where it goes. */
export interface Deployment extends DeploymentPlace {
  readonly settings: DeploymentSettings;
}

/** Where settings may come from besides the file. */
export interface DeploymentSource {
  /** Reads a setting of the environment, or of CDK's context. */
  readonly get: (name: string) => string | undefined;
  /** The folder in which the file is. */
  readonly folder: string;
}

/**
 * Reads where a deployment goes, and nothing else of it.
 *
 * @throws {DeploymentError} that names every fault
 */
export function readPlace(source: DeploymentSource): DeploymentPlace {
  // Where the place itself is faulty, all faults are reported, as of a deployment.
  return parsePlace(openSource(source)).place ?? readDeployment(source);
}

/**
 * Reads a deployment from its configuration file or, where there is none, from the environment. With a file nothing else counts, so that
 * the next deployment from another shell is the same.
 *
 * @throws {DeploymentError} that names every fault, also where no cluster is chosen
 */
export function readDeployment(source: DeploymentSource): Deployment {
  const opened = openSource(source);
  const { file, read, origin } = opened;
  const faults = file ? faultsOfFile(file, origin, source.get) : [];
  if (!CLUSTER_CHOICES.some((name) => read(name)?.trim()))
    faults.push(describeMissingCluster(file && origin));
  const parsed = parsePlace(opened);
  faults.push(...parsed.faults);
  const settings = readSettings(read, faults);
  if (parsed.place === undefined || settings === undefined || faults.length > 0)
    throw new DeploymentError(faults);
  return { ...parsed.place, settings };
}

interface OpenSource {
  readonly file: ConfigurationFile | undefined;
  readonly read: (name: string) => string | undefined;
  readonly origin: string;
}

function openSource({ get, folder }: DeploymentSource): OpenSource {
  const named = get('FRONT_DOOR_CONFIG')?.trim();
  const file = readConfigurationFile(resolve(folder, named || CONFIGURATION_FILE));
  if (file === undefined && named)
    throw new DeploymentError([`FRONT_DOOR_CONFIG: there is no file ${named}`]);
  const read = (name: string): string | undefined => (file ? file.values.get(name) : get(name));
  return { file, read, origin: file ? named || CONFIGURATION_FILE : 'the environment' };
}

function parsePlace({ file, read, origin }: OpenSource): {
  readonly place?: DeploymentPlace;
  readonly faults: string[];
} {
  const { success, output, issues } = v.safeParse(placeSchema, {
    STACK_NAME: read('STACK_NAME'),
    // In the environment these belong to every program that calls AWS.
    AWS_REGION: file?.values.get('AWS_REGION'),
    AWS_ACCOUNT_ID: file?.values.get('AWS_ACCOUNT_ID'),
  });
  if (!success) return { faults: issues.map((issue) => `${v.getDotPath(issue)} ${issue.message}`) };
  const { STACK_NAME: stackName, AWS_REGION: region, AWS_ACCOUNT_ID: account } = output;
  const environment = {
    ...(region !== undefined && { region }),
    ...(account !== undefined && { account }),
  };
  return { place: { stackName, environment, origin }, faults: [] };
}

/** Any of them chooses what is deployed for; nothing else has no default that a team would miss. */
const CLUSTER_CHOICES = ['KUBECONFIG_SECRET_ID', 'EKS_CLUSTER_NAME', 'CARGOMAN_URL'];

function describeMissingCluster(origin: string | undefined): string {
  const how = 'set KUBECONFIG_SECRET_ID, or EKS_CLUSTER_NAME with EKS_CLUSTER_ENDPOINT and EKS_CLUSTER_CA';
  return origin
    ? `${origin} chooses no cluster: ${how}`
    : `no cluster is chosen: copy one of examples/ to ${CONFIGURATION_FILE} and commit it, or ${how}`;
}

/** Finds what a file does not know, and what the environment or the context sets besides it. */
function faultsOfFile(
  { values }: ConfigurationFile,
  origin: string,
  get: (name: string) => string | undefined,
): string[] {
  const known: readonly string[] = [...deploymentSettings, ...Object.keys(placeSchema.entries)];
  const unknown = [...values.keys()].filter((name) => !known.includes(name));
  const elsewhere = [...deploymentSettings, 'STACK_NAME'].filter((name) => {
    const other = get(name)?.trim();
    return other && other !== values.get(name);
  });
  return [
    ...unknown.map((name) => `${name} in ${origin} is not a setting: docs/settings.md lists them`),
    ...elsewhere.map(
      (name) => `${name} is set outside ${origin} too, to another value: write it there, or unset it here`,
    ),
  ];
}

/** Reads the settings; undefined where they have faults, which are added to the others. */
function readSettings(
  get: (name: string) => string | undefined,
  faults: string[],
): DeploymentSettings | undefined {
  try {
    return readDeploymentSettings({ get });
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    faults.push(...error.faults);
    return undefined;
  }
}

/** Writes an error for the people who deploy: a line for each fault. */
export function describeDeploymentError({ faults }: DeploymentError): string {
  return ['The deployment is refused:', ...faults.map((fault) => `- ${fault}`)].join('\n');
}
