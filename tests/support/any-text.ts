import * as fc from 'fast-check';

/**
 * Generates texts of any characters of Unicode. `fc.string({ unit: 'binary' })` generates the same, but first makes a table of all of them,
 * which takes a second.
 */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc
    .integer({ min: 0, max: 0x10_ff_ff })
    .filter((codePoint) => codePoint < 0xd8_00 || codePoint > 0xdf_ff)
    .map((codePoint) => String.fromCodePoint(codePoint)),
});
