// Limits of exports and imports, with their units. Source: AWS developer guide, "DynamoDB data export
// to Amazon S3" and "DynamoDB data import from Amazon S3".

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const WINDOW_MIN_MS = 15 * MINUTE_MS;
export const WINDOW_MAX_MS = 24 * HOUR_MS;
/** A client token stands for its first request so long. */
export const TOKEN_LIFETIME_MS = 8 * HOUR_MS;
/** Jobs are listed for so long. */
export const RECORD_LIFETIME_MS = 90 * 24 * HOUR_MS;
export const JOBS_PER_PAGE_MAX = 25;

/** A data file of an export holds about so many bytes before compression. */
export const DATA_FILE_BYTES = 8 * 1_048_576;
/** The longest line of a source: an item of 400 KB as JSON, with room to spare. */
export const LINE_MAX_BYTES = 8 * 1_048_576;
