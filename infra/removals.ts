/** The part of a CloudFormation template that is compared. */
export interface StackTemplate {
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** What a team misses at once when a deployment removes it: the way to the cluster, or the address of every webhook. */
export const REMOVAL_KINDS = ['vpc', 'domain', 'access-entries'] as const;

/** Something that is in the deployed stack and not in the planned template. */
export interface Removal {
  readonly kind: (typeof REMOVAL_KINDS)[number];
  /** Names it for the people who deploy. */
  readonly description: string;
}

type Properties = Readonly<Record<string, unknown>>;

/** Finds what a deployment would remove from a stack. A function that goes with its settings takes its network and access entry with it. */
export function findRemovals(deployed: StackTemplate, planned: StackTemplate): Removal[] {
  return [
    ...removedNetworks(deployed, planned),
    ...removedDomains(deployed, planned),
    ...removedAccessEntries(deployed, planned),
  ];
}

function removedNetworks(deployed: StackTemplate, planned: StackTemplate): Removal[] {
  const plannedFunctions = functionsOf(planned);
  const removed = [...functionsOf(deployed)].filter(([name, { VpcConfig }]) => {
    const now = plannedFunctions.get(name);
    return VpcConfig !== undefined && now !== undefined && now['VpcConfig'] === undefined;
  });
  const [first] = removed;
  if (first === undefined) return [];
  const { SubnetIds = [] } = first[1]['VpcConfig'] as { readonly SubnetIds?: readonly unknown[] };
  const names = removed.map(([name]) => name).join(', ');
  return [{ kind: 'vpc', description: `the VPC of ${names} (subnets ${SubnetIds.map(shown).join(', ')})` }];
}

function removedDomains(deployed: StackTemplate, planned: StackTemplate): Removal[] {
  const namesIn = (template: StackTemplate): string[] =>
    propertiesOf(template, 'AWS::ApiGatewayV2::DomainName').map(({ DomainName }) => shown(DomainName));
  const kept = namesIn(planned);
  return namesIn(deployed)
    .filter((name) => !kept.includes(name))
    .map((name) => ({ kind: 'domain', description: `the domain ${name}` }));
}

function removedAccessEntries(deployed: StackTemplate, planned: StackTemplate): Removal[] {
  const entriesIn = (template: StackTemplate): string[] =>
    propertiesOf(template, 'AWS::EKS::AccessEntry').map(({ ClusterName, KubernetesGroups = [] }) => {
      const [group] = KubernetesGroups as readonly unknown[];
      return `${shown(group)} in the EKS cluster ${shown(ClusterName)}`;
    });
  const kept = entriesIn(planned);
  const functionNames = [...functionsOf(planned).keys()];
  const isPlanned = (entry: string): boolean =>
    functionNames.some((name) => entry.startsWith(`kargo-front-door:${name.split('-').at(-1)} `));
  const removed = entriesIn(deployed).filter((entry) => !kept.includes(entry) && isPlanned(entry));
  return removed.map((entry) => ({ kind: 'access-entries', description: `the access entry of ${entry}` }));
}

function functionsOf(template: StackTemplate): Map<string, Properties> {
  const functions = propertiesOf(template, 'AWS::Lambda::Function');
  return new Map(functions.map((properties) => [shown(properties['FunctionName']), properties]));
}

function propertiesOf({ Resources = {} }: StackTemplate, type: string): Properties[] {
  return Object.values(Resources).flatMap(({ Type, Properties: properties = {} }) =>
    Type === type ? [properties] : [],
  );
}

/** Writes a value of a template; one that CloudFormation computes is written as the template has it. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
