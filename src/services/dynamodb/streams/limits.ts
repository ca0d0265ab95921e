// Limits of DynamoDB Streams, with their units. Source: AWS developer guide, "Change data capture
// for DynamoDB Streams", and the API reference.

/** How long a record can be read, and a stream after it was disabled. */
export const RETENTION_MS = 24 * 3600 * 1000;
/** AWS: a shard takes records for up to about four hours, then its child does. */
export const SHARD_PERIOD_MS = 4 * 3600 * 1000;
export const ITERATOR_LIFETIME_MS = 15 * 60 * 1000;

export const RECORDS_MAX = 1000;
export const RECORDS_MAX_BYTES = 1_048_576;
export const SHARDS_PER_PAGE_MAX = 100;
export const STREAMS_PER_PAGE_MAX = 100;
