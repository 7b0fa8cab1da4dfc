import * as fc from 'fast-check';

/**
 * Generates copies of a JSON value in which one to three fields or elements, at any depth, are replaced or missing: almost valid inputs,
 * which random values hardly ever are.
 */
export function misshapen(
  sample: unknown,
  strange: fc.Arbitrary<unknown> = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, [], {}, '', [null], [[]], 0),
  ),
): fc.Arbitrary<unknown> {
  const slips = fc.array(fc.tuple(fc.nat(), fc.option(strange, { nil: undefined })), {
    minLength: 1,
    maxLength: 3,
  });
  return slips.map((changes) => {
    const root = { value: structuredClone(sample) };
    for (const [at, value] of changes) {
      const slots = slotsIn(root);
      const slot = slots[at % slots.length];
      if (slot === undefined) continue;
      if (value === undefined && !Array.isArray(slot.parent)) delete slot.parent[slot.key];
      else slot.parent[slot.key] = structuredClone(value ?? null);
    }
    return root.value ?? null;
  });
}

interface JsonSlot {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** Lists every field and element inside a value. */
function slotsIn(parent: unknown): JsonSlot[] {
  if (typeof parent !== 'object' || parent === null) return [];
  const fields = parent as Record<string, unknown>;
  return Object.keys(fields).flatMap((key) => [{ parent: fields, key }, ...slotsIn(fields[key])]);
}
