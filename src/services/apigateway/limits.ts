// Limits of API Gateway REST APIs. <developer guide, "Quotas for configuring and running a REST API">

export const INTEGRATION_TIMEOUT_MS = 29_000;
export const INTEGRATION_TIMEOUT_MIN_MS = 50;
export const PAYLOAD_BYTES_MAX = 10_485_760;
export const RESOURCES_MAX = 300;
export const PAGE_DEFAULT = 25;
export const PAGE_MAX = 500;
