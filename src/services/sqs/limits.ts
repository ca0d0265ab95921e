// Quotas of Amazon SQS, with their units.
// Source: SQS Developer Guide, "Amazon SQS message quotas" and "Amazon SQS standard queue quotas".

/** One message, and all messages of one batch: body plus attributes. 1 MiB since August 2025. */
export const MESSAGE_MAX_BYTES = 1_048_576;
export const MESSAGE_ATTRIBUTES_MAX = 10;
export const MESSAGE_ATTRIBUTE_NAME_MAX = 256;
export const BATCH_ENTRIES_MAX = 10;
export const RECEIVE_MAX = 10;
/** Messages of one standard queue received and neither deleted nor visible again. */
export const IN_FLIGHT_MAX = 120_000;
export const VISIBILITY_TIMEOUT_MAX_SEC = 43_200;
export const DELAY_MAX_SEC = 900;
export const WAIT_MAX_SEC = 20;
/** How long a deduplication id is remembered. */
export const DEDUPLICATION_MS = 300_000;
export const PURGE_INTERVAL_SEC = 60;
export const LIST_RESULTS_MAX = 1_000;
export const TAGS_MAX = 50;
export const PERMISSION_ACTIONS_MAX = 7;
/** Message move tasks a source queue remembers, newest first (ListMessageMoveTasks). */
export const MOVE_TASKS_KEPT = 10;
export const MOVE_RATE_MAX_PER_SEC = 500;
/** AWS calls the move optimised when no rate is given; this is how much one step moves. */
export const MOVE_BATCH = 500;
/** Rows removed by one step of a background worker. */
export const ERASE_BATCH = 500;
/** Expired messages are swept no more often than this; receives never show them meanwhile. */
export const SWEEP_INTERVAL_MS = 60_000;
