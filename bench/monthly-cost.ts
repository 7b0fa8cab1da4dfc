import { DEFAULTS } from '../infra/constants.ts';

// Prices in US dollars in us-east-1, on arm64 where that matters, without free tiers.

/** @see https://aws.amazon.com/secrets-manager/pricing/ */
const PER_SECRET_READ = 0.05 / 10_000;
/** @see https://aws.amazon.com/lambda/pricing/ */
const PER_INVOCATION = 0.2 / 1_000_000;
/** @see https://aws.amazon.com/lambda/pricing/ */
const PER_GB_SECOND = 0.0000133334;
/** @see https://aws.amazon.com/api-gateway/pricing/ */
const PER_HTTP_REQUEST = 1 / 1_000_000;
/** @see https://aws.amazon.com/cloudwatch/pricing/ */
const PER_LOG_BYTE = 0.5 / 1e9;

const RUNS_PER_MONTH = 730 * 60;

/** Deliveries of a month. */
export const DELIVERIES = 100_000;

/**
 * Billed time per measured time: a function of 512 MB has about a third of the core that the benchmark has, and waits for a network. An
 * assumption, on the safe side for what mostly waits.
 */
const BILLED_PER_MEASURED = 3;

/** What was counted of one delivery, or of one run of the reconciler. */
export interface CountedWork {
  /** Secrets that were read, and other requests to Secrets Manager. */
  readonly secretReads: number;
  readonly ms: number;
  readonly logBytes: number;
}

/** US dollars of a month, by what is billed. */
export interface MonthlyCost {
  readonly secretReads: number;
  readonly reconciler: number;
  readonly deliveries: number;
  readonly total: number;
}

/** Returns what a month costs with a run of the reconciler every minute. Not in it: the secrets themselves, alarms, metrics, the network. */
export function monthlyCost(run: CountedWork, delivery: CountedWork): MonthlyCost {
  const secretReads =
    (RUNS_PER_MONTH * run.secretReads + DELIVERIES * delivery.secretReads) * PER_SECRET_READ;
  const reconciler = RUNS_PER_MONTH * costOfInvocation(run);
  const deliveries = DELIVERIES * (costOfInvocation(delivery) + PER_HTTP_REQUEST);
  return { secretReads, reconciler, deliveries, total: secretReads + reconciler + deliveries };
}

function costOfInvocation({ ms, logBytes }: CountedWork): number {
  const gbSeconds = (DEFAULTS.memorySize / 1024) * ((ms * BILLED_PER_MEASURED) / 1000);
  return PER_INVOCATION + gbSeconds * PER_GB_SECOND + logBytes * PER_LOG_BYTE;
}
