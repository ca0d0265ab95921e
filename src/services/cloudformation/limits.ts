// CloudFormation's quotas. Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html

/** `TemplateBody` in a request. */
export const TEMPLATE_BODY_BYTES_MAX = 51_200;
/** A template in S3. */
export const TEMPLATE_URL_BYTES_MAX = 1_000_000;
export const STACK_NAME_LENGTH_MAX = 128;
export const TAGS_MAX = 50;
/** Entries of one page of any list. Source: API reference, e.g. ListStacks returns 100 summaries. */
export const PAGE_SIZE = 100;
/** Stacks, resources of a stack, exports: read at most this many at once. */
export const ROWS_MAX = 10_000;
