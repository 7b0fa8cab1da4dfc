import type { Expected, Step } from './contract-case.ts';
import { created, patch, WAREHOUSES, warehouse } from './requests.ts';

/** Patches of one Warehouse, each of the result of the one before. */
export function patches(contentType: string, ...steps: [body: unknown, expected: Expected][]): Step[] {
  const initial = warehouse('w', { metadata: { annotations: { a: '1', b: '2' } } });
  const rest = steps.map(([body, expected]) => ({
    send: patch(`${WAREHOUSES}/w`, body, contentType),
    expect: expected,
  }));
  return [created(WAREHOUSES, initial), ...rest];
}
