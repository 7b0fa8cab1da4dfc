import * as v from 'valibot';
import { deploymentSchema } from './deployment-settings.ts';
import { placeSchema } from './deployment.ts';

/**
 * Makes the JSON Schema of the configuration file, with which an editor completes and checks it. The deployment tools apply the
 * same rules, and those that a JSON Schema cannot express.
 *
 * @param documentation - docs/settings.md, whose tables describe each setting
 */
export function configurationSchema(documentation: string): object {
  const entries = Object.entries({ ...placeSchema.entries, ...deploymentSchema.entries });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of a Kargo Front Door deployment',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(
      entries.map(([name, rule]) => [
        name,
        { description: descriptionOf(name, documentation), ...typeOf(rule, name === 'TAGS') },
      ]),
    ),
  };
}

/** Returns what a value may be in YAML, where an editor sees numbers and booleans. */
function typeOf(rule: v.GenericSchema<unknown, unknown>, isMapping: boolean): object {
  const [choices] = findActions(rule).flatMap((action) => ('options' in action ? [action.options] : []));
  if (Array.isArray(choices))
    return { enum: choices.flatMap((choice: string) => [choice, ...nativeValuesOf(choice)]) };
  const { output } = v.safeParse(rule, '');
  const list = isMapping ? ['object', 'array'] : ['array'];
  if (Array.isArray(output)) return { type: [...list, 'string', 'null'], items: { type: 'string' } };
  if (typeof output === 'number') return { type: ['integer', 'null'] };
  return { type: ['string', 'number', 'null'] };
}

function nativeValuesOf(choice: string): (number | boolean)[] {
  if (choice === 'true' || choice === 'false') return [choice === 'true'];
  return /^\d+$/.test(choice) ? [Number(choice)] : [];
}

/** Lists the rules that a rule is made of. */
function findActions(rule: object): { readonly options?: unknown }[] {
  const { pipe = [], wrapped } = rule as { readonly pipe?: readonly object[]; readonly wrapped?: object };
  const inner = wrapped === undefined ? pipe : [...pipe, wrapped];
  return [rule, ...inner.flatMap(findActions)];
}

/** Returns the meaning of a setting, which the last row has that does not refer to another one. */
function descriptionOf(name: string, documentation: string): string {
  const rows = [...documentation.matchAll(/^\| (`[A-Z].*?) +\| (.*?) +\|/gm)];
  const meanings = rows.flatMap(([, names = '', meaning = '']) =>
    names.includes(`\`${name}\``) ? [meaning] : [],
  );
  return meanings.findLast((meaning) => !meaning.startsWith('As above')) ?? '';
}
