import type { Template } from 'aws-cdk-lib/assertions';

/** Returns the properties of all resources of a type. */
export function propertiesOf(template: Template, type: string): unknown[] {
  return Object.values(template.findResources(type)).map(({ Properties }) => Properties as unknown);
}

/** Returns the properties of the function of this name. */
export function functionOf(
  template: Template,
  name: string,
): { readonly Environment: { readonly Variables: object } } {
  const found = template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: name } });
  return Object.values(found)[0]?.['Properties'] as ReturnType<typeof functionOf>;
}

/** Returns the environment of a function of the deployment `kargo`. */
export function environmentOf(template: Template, name: string): object {
  return functionOf(template, `kargo-${name}`).Environment.Variables;
}
