/** A CloudFormation template as JSON. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Metadata?: unknown;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

/** A template without what differs between the tools that made it: resources by a name of ours, with references to those names. */
export type Canonical = Readonly<Record<string, unknown>>;

/** What each tool adds for its own upload of the code. */
const TOOLS_OWN = /^(?:AWS::S3::|AWS::CDK::)/;

/** Tells resources of one type apart; the first that is there. */
const NAMING = [
  'FunctionName',
  'LogGroupName',
  'AlarmName',
  'DashboardName',
  'RouteKey',
  'Principal',
  'KubernetesGroups',
  'Description',
  'DomainName',
];

/** Properties that name an upload, and ids that nothing refers to. */
const DROPPED: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::Function': ['Code'],
};

/** Gives a template in canonical form. Raises an error where two resources cannot be told apart. */
export function canonical({ Resources, Outputs = {} }: Template): Canonical {
  const names = new Map<string, string>();
  for (const [logicalId, { Type, Properties = {} }] of Object.entries(Resources)) {
    if (TOOLS_OWN.test(Type)) continue;
    const naming = NAMING.map((property) => Properties[property]).find(
      (value) => typeof value === 'string' || Array.isArray(value),
    );
    const name = naming === undefined ? Type : `${Type} ${String(naming)}`;
    if ([...names.values()].includes(name)) throw new Error(`two resources are "${name}"`);
    names.set(logicalId, name);
  }
  const resolve = resolverFor(names);
  const resources = [...names].map(([logicalId, name]) => {
    const { Type = '', Properties = {}, DeletionPolicy } = Resources[logicalId] ?? {};
    const kept = Object.entries(Properties).filter(([property]) => !DROPPED[Type]?.includes(property));
    const isKept = DeletionPolicy === 'Retain';
    return [name, tidy({ ...(resolve(Object.fromEntries(kept)) as object), ...(isKept && { isKept }) })];
  });
  const outputs = Object.entries(Outputs)
    .filter(([name]) => !name.startsWith('Serverless') && name !== 'HttpApiUrl')
    .map(([name, { Value }]) => [`output ${name}`, resolve(Value)]);
  return Object.fromEntries([...resources, ...outputs]) as Canonical;
}

/** Lists where two canonical templates differ, one line each. */
export function differences(one: unknown, other: unknown, path = ''): string[] {
  if (isObject(one) && isObject(other)) {
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return keys.flatMap((key) => differences(one[key], other[key], path === '' ? key : `${path} > ${key}`));
  }
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
    return one.flatMap((member, index) => differences(member, other[index], `${path} > ${index}`));
  }
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  return left === right ? [] : [`${path}: ${left} / ${right}`];
}

function resolverFor(names: ReadonlyMap<string, string>): (value: unknown) => unknown {
  const nameOf = (logicalId: string): string => `<${names.get(logicalId) ?? logicalId}>`;
  const attributeOf = (logicalId: string, attribute: string): string =>
    // A function's name and its ARN are the same to whoever is given one.
    names.get(logicalId)?.startsWith('AWS::Lambda::Function') && attribute === 'Arn'
      ? nameOf(logicalId)
      : `${nameOf(logicalId)}.${attribute}`;
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (!isObject(value)) return value;
    if (typeof value['Ref'] === 'string') return nameOf(value['Ref']);
    const attribute = value['Fn::GetAtt'];
    if (Array.isArray(attribute)) return attributeOf(String(attribute[0]), String(attribute[1]));
    const join = value['Fn::Join'] as [string, unknown[]] | undefined;
    if (join !== undefined) return join[1].map(resolve).join(join[0]);
    const sub = value['Fn::Sub'];
    if (typeof sub === 'string') {
      return sub.replaceAll(/\$\{([^}.]+)(?:\.([^}]+))?\}/g, (_, logicalId: string, of?: string) =>
        of === undefined ? nameOf(logicalId) : attributeOf(logicalId, of),
      );
    }
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolve(member)]));
  };
  return resolve;
}

/** Takes away what means nothing: order, empty members, one value in place of a list of one. */
function tidy(value: unknown, key = ''): unknown {
  if (key === 'DashboardBody' || key === 'Format') return JSON.parse(String(value)) as unknown;
  if (key === 'Statement') return statementsBySid(value as Statement[]);
  if (Array.isArray(value)) return value.map((member) => tidy(member));
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, tidy(member, name)] as const);
  const isTarget = 'Arn' in value && 'Id' in value;
  return Object.fromEntries(
    members
      .filter(([name, member]) => !isEmpty(member) && !(isTarget && name === 'Id'))
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

interface Statement {
  readonly Sid?: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
}

function statementsBySid(statements: readonly Statement[]): unknown {
  return Object.fromEntries(
    statements.map(({ Sid = '', Action, Resource, ...rest }) => [
      Sid,
      tidy({ ...rest, Action: inOrder(Action), Resource: inOrder(Resource) }),
    ]),
  );
}

function inOrder(values: string | readonly string[] = []): string[] {
  return [values].flat().toSorted((a, b) => a.localeCompare(b));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.keys(value).length === 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
