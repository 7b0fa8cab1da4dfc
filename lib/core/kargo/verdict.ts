/** A kind of object that an event can refresh. */
export type RefreshKind = 'warehouse' | 'promotion';

/** Whether an event affects an object, or why this is unknown. */
export type Verdict =
  | { readonly kind: 'affected' }
  | { readonly kind: 'unaffected' }
  /** Not refreshed until its owner corrects it. The reason is for the log. */
  | { readonly kind: 'broken'; readonly reason: string };

export const AFFECTED: Verdict = { kind: 'affected' };
export const UNAFFECTED: Verdict = { kind: 'unaffected' };

/** Wraps a verdict that is already known into a generator without steps. */
// oxlint-disable-next-line require-yield -- callers expect a generator
export function* concludeWith(verdict: Verdict): Generator<void, Verdict> {
  return verdict;
}
