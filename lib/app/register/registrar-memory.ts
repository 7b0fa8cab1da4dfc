import { formatSubject, type WebhookSubject } from '../../core/bitbucket/webhook-subject.ts';
import type { WebhookFailureReason } from '../../core/registration/webhook-failure.ts';
import { digestOf } from '../../core/registration/webhook.ts';
import type { RequestPurpose } from './bitbucket-ports.ts';
import type { SubjectClaims } from './collect-claims.ts';
import type { SubjectResult } from './reconcile-subject.ts';

interface Remembered {
  readonly claims: SubjectClaims;
  readonly checkedAt: number;
  readonly result: SubjectResult;
}

/** Failures that end when somebody changes something in Bitbucket. */
const UNREPAIRABLE: ReadonlySet<WebhookFailureReason> = new Set([
  'NotFound',
  'PermissionMissing',
  'RequestRejected',
  'Unsupported',
]);

/** A subject without claims, which may have webhooks of what is no longer declared. */
export interface FormerSubject {
  readonly subject: WebhookSubject;
  readonly purpose: RequestPurpose;
}

/**
 * Memory of one process between its runs, empty after a cold start. Without it, a run checks all subjects as if they had changed, makes no
 * use of an earlier connection test, and looks through the repositories of all Warehouses.
 */
export class RegistrarMemory {
  readonly #claimed = new Map<string, Remembered>();
  readonly #former = new Map<string, FormerSubject>();
  /** Whether the repositories of all Warehouses are, or were, among the former subjects. */
  isSearched = false;

  /** Returns the last result for a subject, whatever was desired then. */
  lastResult({ subject }: SubjectClaims): SubjectResult | undefined {
    return this.#claimed.get(formatSubject(subject))?.result;
  }

  /**
   * Returns whether the webhooks of a subject were as desired now when they were checked last, or could not be made so by a write. One that fails
   * like this in every run must not use up the requests with which others are checked.
   */
  isUnchanged(claims: SubjectClaims): boolean {
    const remembered = this.#claimed.get(formatSubject(claims.subject));
    if (remembered === undefined) return false;
    const failures = [...remembered.result.failures.values()];
    if (failures.some(({ reason }) => !UNREPAIRABLE.has(reason))) return false;
    return digestOfDesired(remembered.claims) === digestOfDesired(claims);
  }

  /** Returns when a subject was checked last, in milliseconds; before all others where it was not. */
  checkedAt({ subject }: SubjectClaims): number {
    return this.#claimed.get(formatSubject(subject))?.checkedAt ?? -Infinity;
  }

  remember(claims: SubjectClaims, result: SubjectResult, checkedAt: number): void {
    this.#claimed.set(formatSubject(claims.subject), { claims, checkedAt, result });
  }

  /** Adds subjects that may have webhooks of what is no longer declared. */
  addFormer(subjects: readonly WebhookSubject[], purpose: RequestPurpose): void {
    for (const subject of subjects) {
      const key = formatSubject(subject);
      if (purpose === 'change' || !this.#former.has(key)) this.#former.set(key, { subject, purpose });
    }
  }

  /** Lists the former subjects: those that were added, and those whose claims are gone. */
  formerSubjects(claimed: ReadonlySet<string>): FormerSubject[] {
    for (const [key, { claims }] of this.#claimed) {
      if (claimed.has(key)) continue;
      this.#claimed.delete(key);
      this.addFormer([claims.subject], 'change');
    }
    return [...this.#former].flatMap(([key, former]) => (claimed.has(key) ? [] : [former]));
  }

  /** Forgets a former subject that has no webhook of this deployment any more. */
  forgetFormer(subject: WebhookSubject): void {
    this.#former.delete(formatSubject(subject));
  }
}

function digestOfDesired({ claims }: SubjectClaims): string {
  return digestOf(JSON.stringify(claims.map(({ project, name, desired }) => [project, name, desired])));
}
