import * as fc from 'fast-check';

/**
 * Gives copies of a JSON value in which one to three slots, at any depth, hold something else or nothing: inputs that come close
 * to good ones, which random values hardly ever do.
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

/** Every field and element below a value. */
function slotsIn(parent: unknown): JsonSlot[] {
  if (typeof parent !== 'object' || parent === null) return [];
  const fields = parent as Record<string, unknown>;
  return Object.keys(fields).flatMap((key) => [{ parent: fields, key }, ...slotsIn(fields[key])]);
}
