/** Whether an event affects an object, or why that cannot be told. */
export type Verdict =
  | { readonly kind: 'affected' }
  | { readonly kind: 'unaffected' }
  /** Refreshed by nobody until its owner mends it; the reason is for the log. */
  | { readonly kind: 'broken'; readonly reason: string };

export const AFFECTED: Verdict = { kind: 'affected' };
export const UNAFFECTED: Verdict = { kind: 'unaffected' };
