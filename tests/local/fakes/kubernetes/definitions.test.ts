import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { DEFINITIONS_FOLDER } from '../../../../local/fakes/kubernetes/resource-kinds.ts';
import { KARGO_DEFINITIONS } from '../../../cluster/definitions.ts';

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  [keyword: string]: unknown;
}

const names = readdirSync(DEFINITIONS_FOLDER);
/** False where the workspace does not have Kargo's own definitions to compare with. */
const hasKargoDefinitions = existsSync(KARGO_DEFINITIONS);

function definition(
  folder: URL,
  name: string,
): { spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] } } {
  return parse(readFileSync(new URL(name, folder), 'utf8'));
}

/** Lists the paths at which `small` has another rule than `whole`, or lacks a field that it does not preserve as unknown. */
function disagreements(small: Schema, whole: Schema, path: string): string[] {
  const { properties = {}, items, 'x-kubernetes-preserve-unknown-fields': isOpen, ...rules } = small;
  const wrong = Object.entries(rules).filter(([rule, value]) => !isDeepStrictEqual(whole[rule], value));
  const left = isOpen ? [] : Object.keys(whole.properties ?? {}).filter((name) => !properties[name]);
  return [
    ...wrong.map(([rule]) => `${path} ${rule}`),
    ...left.map((name) => `${path}.${name} is missing`),
    ...Object.entries(properties).flatMap(([name, inner]) =>
      disagreements(inner, whole.properties?.[name] ?? { type: 'nothing' }, `${path}.${name}`),
    ),
    ...(items ? disagreements(items, whole.items ?? {}, `${path}[]`) : []),
  ];
}

describe.each(names)('the definition %s', (name) => {
  const small = definition(DEFINITIONS_FOLDER, name);

  test('is of a kind with a status subresource', () => {
    expect(small.spec.versions).toMatchObject([{ subresources: { status: {} } }]);
  });

  if (!hasKargoDefinitions) return;
  test("has no rule that Kargo's does not have", () => {
    const whole = definition(KARGO_DEFINITIONS, `kargo.akuity.io_${name}`);
    const [{ schema: smallSchema, ...smallVersion }] = small.spec.versions;
    const [{ schema: wholeSchema, ...wholeVersion }] = whole.spec.versions;
    expect(whole).toMatchObject({ ...small, spec: { ...small.spec, versions: [expect.anything()] } });
    expect(wholeVersion).toMatchObject(smallVersion);
    expect(disagreements(smallSchema.openAPIV3Schema, wholeSchema.openAPIV3Schema, '')).toEqual([]);
  });
});
