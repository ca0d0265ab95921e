// Quotas of Amazon SNS, with their units.
// Source: AWS General Reference, "Amazon Simple Notification Service endpoints and quotas".

/** Message and attributes of one publish, and all entries of a batch together. */
export const MESSAGE_MAX_BYTES = 262_144;
export const SUBJECT_MAX_CHARS = 100;
export const BATCH_ENTRIES_MAX = 10;
export const LIST_PAGE = 100;
export const TAGS_MAX = 50;
export const FILTER_KEYS_MAX = 5;
/** Product of the numbers of values (times depth) in a filter policy. */
export const FILTER_COMBINATIONS_MAX = 150;
/** Subscriptions read at once while a message is fanned out. */
export const FAN_OUT_PAGE = 500;
/**
 * Unconfirmed subscriptions are deleted after it. Source: SNS Developer Guide, "Email
 * notifications".
 */
export const PENDING_LIFETIME_MS = 48 * 3_600_000;
