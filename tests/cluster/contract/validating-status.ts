import { invalid, refused, required, wrongType, type Cause } from './causes.ts';
import type { ContractCase } from './contract-case.ts';
import { created, patch, WAREHOUSES, warehouse } from './requests.ts';

const CONDITION = {
  type: 'Ready',
  status: 'True',
  reason: 'Fine',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00.5+01:00',
};

/** Conditions that break one rule, and what the API says is wrong with them. */
const CONDITIONS: [name: string, conditions: object[], cause: Cause][] = [
  [
    'a condition without reason',
    [{ ...CONDITION, reason: undefined }],
    required('status.conditions[0].reason'),
  ],
  [
    'a condition with an empty reason',
    [{ ...CONDITION, reason: '' }],
    invalid(
      'status.conditions[0].reason',
      /^"": conditions\[0\].reason in body should be at least 1 chars long$/,
    ),
  ],
  [
    'a condition that is not at a time',
    [{ ...CONDITION, lastTransitionTime: 'now' }],
    wrongType(
      'status.conditions[0].lastTransitionTime',
      /^"now": conditions\[0\].lastTransitionTime in body must be of type date-time: "now"$/,
    ),
  ],
  [
    'a condition twice',
    [CONDITION, { ...CONDITION, status: 'False' }],
    {
      reason: 'FieldValueDuplicate',
      field: 'status.conditions[1]',
      message: 'Duplicate value: {"type":"Ready"}',
    },
  ],
  [
    'a condition of an earlier time than the first generation',
    [{ ...CONDITION, observedGeneration: -1 }],
    invalid('status.conditions[0].observedGeneration', /^-1: .* should be greater than or equal to 0$/),
  ],
];

export const validatingStatus: ContractCase[] = CONDITIONS.map(([name, conditions, cause]) => ({
  name,
  steps: [
    created(WAREHOUSES, warehouse('w')),
    { send: patch(`${WAREHOUSES}/w/status`, { status: { conditions } }), expect: refused(cause) },
  ],
}));
