// Limits of DynamoDB, with their units. Source: AWS developer guide, "Quotas in Amazon DynamoDB".

export const TABLE_NAME_MIN_LENGTH = 3;
export const TABLE_NAME_MAX_LENGTH = 255;

/** AWS: an item of exactly this size is accepted. */
export const ITEM_MAX_BYTES = 409_600;
export const PARTITION_KEY_MAX_BYTES = 2048;
export const SORT_KEY_MAX_BYTES = 1024;
/** AWS: 65,535 is the longest accepted, although the guide says 64 KB. */
export const ATTRIBUTE_NAME_MAX_BYTES = 65_535;
/** Documents within documents, the attribute itself being the first level. */
export const NESTING_MAX_LEVELS = 32;

export const NUMBER_MAX_DIGITS = 38;
export const NUMBER_MAX_EXPONENT = 125;
export const NUMBER_MIN_EXPONENT = -130;

export const EXPRESSION_MAX_BYTES = 4096;
export const EXPRESSION_MAX_OPERATORS = 300;
export const IN_MAX_OPERANDS = 100;

/** A page of Query or Scan ends with the item that reaches this size. */
export const PAGE_MAX_BYTES = 1_048_576;
export const BATCH_GET_MAX_KEYS = 100;
export const BATCH_GET_MAX_BYTES = 16_777_216;
export const BATCH_WRITE_MAX_REQUESTS = 25;
export const TRANSACTION_MAX_BYTES = 4_194_304;
export const IDEMPOTENCY_WINDOW_MS = 600_000;

/** Queries one PartiQL SELECT may come to. Source: floci, PartiQLEdgeCaseIntegrationTest. */
export const DECOMPOSED_READS_MAX = 50;

export const READ_UNIT_BYTES = 4096;
export const WRITE_UNIT_BYTES = 1024;

export const LOCAL_INDEXES_MAX = 5;
export const GLOBAL_INDEXES_MAX = 20;
/** Non-key attributes projected into all indexes of a table together. */
export const PROJECTED_ATTRIBUTES_MAX = 100;
export const CAPACITY_UNITS_MAX = 1_000_000_000_000;
export const TAGS_MAX = 50;
export const LIST_TABLES_MAX = 100;

/** AWS: items that expired longer ago than this are left alone, against mistakes with units. */
export const EXPIRY_MAX_AGE_SEC = 5 * 365 * 24 * 3600;

/** Sizes and counts of a table are refreshed this often; smaller tables are counted live. */
export const MEASURE_INTERVAL_MS = 6 * 3600 * 1000;
export const MEASURE_LIVE_ROWS = 1000;

/** Capacity that was not used is kept for so long. */
export const BURST_SEC = 300;
