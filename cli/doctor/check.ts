import type { Installation } from './installation.ts';

/** What is wrong, and what to do so that it is right. */
export interface Problem {
  readonly fact: string;
  readonly advice: string;
}

/** The result of one check, which is one row of the table. */
export type CheckResult =
  | { readonly state: 'ok'; readonly fact: string }
  | { readonly state: 'failed'; readonly problems: readonly Problem[] }
  /** It cannot be checked here, or does not apply. */
  | { readonly state: 'skipped'; readonly reason: string };

/** One check of an installation. It reads only. */
export interface Check {
  readonly name: string;
  /**
   * @throws {CannotCheckError} where something else has to be right first
   * @throws {RetryableError} where a dependency does not answer, or does not grant these credentials the read
   */
  run(installation: Installation, signal: AbortSignal): Promise<CheckResult>;
}

/** Something that a check needs is missing; the message says what. */
export class CannotCheckError extends Error {
  override readonly name = 'CannotCheckError';
}

export function ok(fact: string): CheckResult {
  return { state: 'ok', fact };
}

export function skipped(reason: string): CheckResult {
  return { state: 'skipped', reason };
}

export function failed(fact: string, advice: string): CheckResult {
  return { state: 'failed', problems: [{ fact, advice }] };
}

/** Returns a failed result where there are problems, and else the fact. */
export function toResult(problems: readonly Problem[], fact: string): CheckResult {
  return problems.length === 0 ? ok(fact) : { state: 'failed', problems };
}
