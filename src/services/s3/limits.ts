// Limits of S3. Sources: S3 user guide "Amazon S3 multipart upload limits", "Object key naming", "Quotas".

/** Bodies up to this size live in the store beside their row; larger ones are blobs (README, "Bodies"). */
export const INLINE_BODY_MAX_BYTES = 32 * 1024;

export const KEY_MAX_BYTES = 1024;
export const USER_METADATA_MAX_BYTES = 2048;
/** Largest object of one PUT, and largest copy source: 5 GiB. */
export const SINGLE_PUT_MAX_BYTES = 5 * 1024 ** 3;
export const PART_MIN_BYTES = 5 * 1024 ** 2;
export const PART_MAX_BYTES = 5 * 1024 ** 3;
export const PART_NUMBER_MAX = 10_000;
export const LIST_MAX_KEYS = 1000;
export const DELETE_OBJECTS_MAX = 1000;
export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;
export const TAG_KEY_MAX_CHARS = 128;
export const TAG_VALUE_MAX_CHARS = 256;
export const BUCKET_POLICY_MAX_BYTES = 20 * 1024;
export const CORS_RULES_MAX = 100;
export const NOTIFICATIONS_MAX = 100;
export const LIFECYCLE_RULES_MAX = 1000;
