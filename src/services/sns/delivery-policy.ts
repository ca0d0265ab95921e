// When a failed delivery is tried again.

const IMMEDIATE = 3;
const PRE_BACKOFF = 2;
const BACKOFF = 10;
const POST_BACKOFF = 100_000;
const FIRST_DELAY_SEC = 1;
const LAST_DELAY_SEC = 20;

/**
 * Delay before retry number `retry` (from 1), ms; undefined when the policy is exhausted (after 23
 * days). For endpoints that AWS manages: SQS and Lambda.
 * Source: SNS Developer Guide, "Amazon SNS message delivery retries".
 */
export function retryDelayMs(retry: number): number | undefined {
  if (retry <= IMMEDIATE) return 0;
  if (retry <= IMMEDIATE + PRE_BACKOFF) return FIRST_DELAY_SEC * 1000;
  const step = retry - IMMEDIATE - PRE_BACKOFF;
  if (step <= BACKOFF) {
    const growth = (LAST_DELAY_SEC / FIRST_DELAY_SEC) ** ((step - 1) / (BACKOFF - 1));
    return Math.round(FIRST_DELAY_SEC * growth * 1000);
  }
  return step <= BACKOFF + POST_BACKOFF ? LAST_DELAY_SEC * 1000 : undefined;
}
