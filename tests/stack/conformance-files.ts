import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');
const RECORDED = path.join(ROOT, '..', 'shared', 'conformance');

export const OWN_CASES = path.join(ROOT, 'tests', 'fixtures', 'conformance', 'cases.json');

/** What was recorded of the real Kargo, where the workspace has it beside the project. */
export const RECORDED_CASES = path.join(RECORDED, 'cases.json');

/** Plays such cases from outside. */
export const CONFORMANCE_PROGRAM = path.join(RECORDED, 'run.mjs');
