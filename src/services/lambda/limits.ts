// Limits of Lambda, with units. <AWS Lambda developer guide, "Lambda quotas">

export const TIMEOUT_DEFAULT_SEC = 3;
export const MEMORY_DEFAULT_MB = 128;
export const EPHEMERAL_STORAGE_DEFAULT_MB = 512;
export const ENVIRONMENT_BYTES_MAX = 4_096;
export const LAYERS_MAX = 5;
/** Direct upload; larger archives come through S3. */
export const ZIP_UPLOAD_BYTES_MAX = 52_428_800;
export const UNZIPPED_BYTES_MAX = 262_144_000;
export const SYNC_PAYLOAD_BYTES_MAX = 6_291_456;
/** Raised from 256 KB in 2025. */
export const ASYNC_PAYLOAD_BYTES_MAX = 1_048_576;
export const CONCURRENT_EXECUTIONS = 1_000;
/** Concurrency that cannot be reserved away from the account's pool. */
export const UNRESERVED_CONCURRENCY_MIN = 100;
/** Environments that a function gains at most in a period. */
export const SCALING_BURST = 1_000;
export const SCALING_PERIOD_MS = 10_000;
export const CODE_STORAGE_BYTES_MAX = 80_530_636_800;
export const POLICY_BYTES_MAX = 20_480;
export const TAGS_MAX = 50;

/** Asynchronous invocation. <developer guide, "Asynchronous invocation, error handling"> */
export const ASYNC_RETRIES_DEFAULT = 2;
export const ASYNC_AGE_DEFAULT_SEC = 21_600;
export const ASYNC_RETRY_DELAYS_MS = [60_000, 120_000] as const;
export const THROTTLE_BACKOFF_FIRST_MS = 1_000;
export const THROTTLE_BACKOFF_MAX_MS = 300_000;

/** Event source mappings on SQS. <developer guide, "Using Lambda with Amazon SQS"> */
export const SQS_BATCH_DEFAULT = 10;
/** A batch above this size needs a batching window of at least one second. */
export const SQS_BATCH_WITHOUT_WINDOW_MAX = 10;
/** Batches processed at once per mapping to begin with, how many more a minute, and at most. */
export const SQS_CONCURRENCY_FIRST = 5;
export const SQS_CONCURRENCY_GROWTH_PER_MINUTE = 300;
export const SQS_CONCURRENCY_MAX = 1_250;
/** Provisioned mode: what one poller does at once, and how fast all of them grow. */
export const PROVISIONED_POLLER_CONCURRENCY = 10;
export const PROVISIONED_GROWTH_PER_MINUTE = 1_000;
export const PROVISIONED_POLLERS_MIN = 2;
export const PROVISIONED_POLLERS_DEFAULT = 200;
export const RECEIVE_WAIT_SEC = 20;
/** Event source mappings on DynamoDB streams. <developer guide, "Lambda parameters for DynamoDB"> */
export const STREAM_BATCH_DEFAULT = 100;
/** The shortest age limit besides none. */
export const STREAM_RECORD_AGE_MIN_SEC = 60;
/** An idle poller renews its place in the shard well before the iterator's 15 minutes are over. */
export const STREAM_ITERATOR_RENEWAL_MS = 600_000;

/** A poller whose queue or function is gone tries again after this long, doubling. */
export const POLLER_BACKOFF_FIRST_MS = 5_000;
export const POLLER_BACKOFF_MAX_MS = 60_000;
