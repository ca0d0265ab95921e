// Quotas of CloudWatch Logs, with their units.
// Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas"; API reference, PutLogEvents.

/** Bytes of a batch: each message in UTF-8 plus `EVENT_OVERHEAD_BYTES`. */
export const BATCH_MAX_BYTES = 1_048_576;
export const EVENT_OVERHEAD_BYTES = 26;
export const BATCH_SPAN_MAX_MS = 24 * 3_600_000;
export const EVENT_AGE_MAX_MS = 14 * 86_400_000;
export const EVENT_AHEAD_MAX_MS = 2 * 3_600_000;
/** Of one answer of GetLogEvents and FilterLogEvents. */
export const PAGE_MAX_EVENTS = 10_000;
export const PAGE_MAX_BYTES = 1_048_576;
export const DESCRIBE_LIMIT = 50;
/** Events a FilterLogEvents call looks at before it answers with what it has and a token. */
export const SCAN_MAX_EVENTS = 50_000;
/** Events read at once from one stream. */
export const READ_BATCH = 500;
/** Rows removed by one step of a background worker. */
export const ERASE_BATCH = 500;
/** A group's expired events are swept no more often; reads never show them meanwhile. */
export const SWEEP_INTERVAL_MS = 3_600_000;
export const TAGS_MAX = 50;
/** Source: API reference, PutRetentionPolicy. */
export const RETENTION_DAYS: ReadonlySet<number> = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]);
