import type { UnusableDelivery, UnverifiedOutcome } from '../../core/delivery/delivery.ts';
import type { TargetResult } from '../targets/target.ts';

/** The result of a delivery. The answer, the log line and the metrics follow from it. */
export type Outcome =
  | { readonly kind: 'unknown-receiver' }
  | UnverifiedOutcome
  | { readonly kind: 'unauthorized' }
  | UnusableDelivery
  | { readonly kind: 'handled'; readonly results: readonly TargetResult[] }
  /** What a target has not finished is in the retry queue. */
  | { readonly kind: 'queued'; readonly reason: string; readonly results: readonly TargetResult[] }
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      /** What was done all the same; empty where the delivery could not be authenticated. */
      readonly results: readonly TargetResult[];
    }
  | { readonly kind: 'internal-error'; readonly requestId: string };
