// Lifecycle rules: which objects, versions and uploads are due to go, and when.
import { invalidArgument, invalidRequest, malformedXml } from './errors.ts';
import { LIFECYCLE_RULES_MAX } from './limits.ts';
import type { Tag } from './tags.ts';

const DAY_MS = 86_400_000;

/** What rules look at in an object. */
export interface ExpiringObject {
  readonly lastModifiedMs: number;
  readonly sizeBytes: number;
  readonly description: { readonly tags?: readonly Tag[] };
}

export interface LifecycleFilter {
  readonly prefix?: string;
  readonly tags?: readonly Tag[];
  readonly objectSizeGreaterThan?: number;
  readonly objectSizeLessThan?: number;
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly filter: LifecycleFilter;
  /** How the filter was written, so that it reads back the same. */
  readonly filterForm: 'prefix-of-rule' | 'none' | 'prefix' | 'tag' | 'greater' | 'less' | 'and';
  readonly expirationDays?: number;
  readonly expirationDateMs?: number;
  readonly expiredObjectDeleteMarker?: boolean;
  readonly noncurrentDays?: number;
  readonly newerNoncurrentVersions?: number;
  readonly abortIncompleteUploadDays?: number;
}

/** Checks across rules and within each, as PutBucketLifecycleConfiguration does. */
export function checkLifecycleRules(rules: readonly LifecycleRule[]): void {
  if (rules.length === 0 || rules.length > LIFECYCLE_RULES_MAX) throw malformedXml();
  const ids = rules.map((rule) => rule.id);
  const repeated = ids.find((id, at) => ids.indexOf(id) !== at);
  if (repeated !== undefined) {
    throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', repeated);
  }
  for (const rule of rules) checkLifecycleRule(rule);
}

function checkLifecycleRule(rule: LifecycleRule): void {
  if (rule.id.length > 255) {
    throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', rule.id);
  }
  const actions = [
    rule.expirationDays,
    rule.expirationDateMs,
    rule.expiredObjectDeleteMarker,
    rule.noncurrentDays,
    rule.abortIncompleteUploadDays,
  ];
  if (actions.every((action) => action === undefined)) {
    throw invalidRequest('At least one action needs to be specified in a rule');
  }
  const expirations = actions.slice(0, 3).filter((action) => action !== undefined);
  if (expirations.length > 1) throw malformedXml();
  if (rule.expirationDays !== undefined && rule.expirationDays <= 0) {
    throw positive("'Days' for Expiration action must be a positive integer", 'Days', rule.expirationDays);
  }
  if (rule.noncurrentDays !== undefined && rule.noncurrentDays <= 0) {
    throw positive(
      "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
      'NoncurrentDays',
      rule.noncurrentDays,
    );
  }
  if (rule.abortIncompleteUploadDays !== undefined && rule.abortIncompleteUploadDays <= 0) {
    throw positive(
      "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
      'DaysAfterInitiation',
      rule.abortIncompleteUploadDays,
    );
  }
  if (rule.expirationDateMs !== undefined && rule.expirationDateMs % DAY_MS !== 0) {
    const date = new Date(rule.expirationDateMs).toISOString();
    throw invalidArgument("'Date' must be at midnight GMT", 'Date', date);
  }
  checkFilter(rule);
}

function checkFilter({ filter, abortIncompleteUploadDays, expiredObjectDeleteMarker }: LifecycleRule): void {
  const keys = filter.tags?.map((tag) => tag.key) ?? [];
  if (new Set(keys).size < keys.length) {
    throw invalidRequest('Duplicate Tag Keys are not allowed.');
  }
  if (keys.length > 0 && abortIncompleteUploadDays !== undefined) {
    throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Tags.');
  }
  if (keys.length > 0 && expiredObjectDeleteMarker !== undefined) {
    throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with Tags.');
  }
}

function positive(message: string, name: string, value: number): Error {
  return invalidArgument(message, name, String(value));
}

/** S3 rounds up to the next midnight UTC. S3 user guide, "How expiration is calculated". */
function dueAfterDays(fromMs: number, days: number): number {
  return Math.ceil((fromMs + days * DAY_MS) / DAY_MS) * DAY_MS;
}

/** The next time rules are evaluated: once a day at midnight UTC. */
export function nextEvaluationMs(nowMs: number): number {
  return (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
}

/** When a current object expires, and under which rule; the earliest wins. */
export function findExpiration(
  rules: readonly LifecycleRule[],
  key: string,
  object: ExpiringObject,
): { readonly dueMs: number; readonly ruleId: string } | undefined {
  let first: { dueMs: number; ruleId: string } | undefined;
  for (const rule of rules) {
    if (!rule.enabled || !matchesFilter(rule.filter, key, object)) continue;
    const dueMs =
      rule.expirationDays === undefined
        ? rule.expirationDateMs
        : dueAfterDays(object.lastModifiedMs, rule.expirationDays);
    if (dueMs !== undefined && (first === undefined || dueMs < first.dueMs)) {
      first = { dueMs, ruleId: rule.id };
    }
  }
  return first;
}

/** Whether a delete marker that is the only version left of its key is to go. */
export function removesLoneMarker(
  rules: readonly LifecycleRule[],
  key: string,
  marker: { readonly lastModifiedMs: number; readonly nowMs: number },
): boolean {
  return rules.some((rule) => {
    if (!rule.enabled || (rule.filter.tags?.length ?? 0) > 0) return false;
    if (!key.startsWith(rule.filter.prefix ?? '')) return false;
    if (rule.expiredObjectDeleteMarker === true) return true;
    // AWS: an expiration by age also cleans up expired markers. S3 user guide, "Lifecycle elements".
    return (
      rule.expirationDays !== undefined &&
      dueAfterDays(marker.lastModifiedMs, rule.expirationDays) <= marker.nowMs
    );
  });
}

export interface NoncurrentVersion {
  /** Undefined for a delete marker. */
  readonly object: ExpiringObject | undefined;
  /** When it stopped being current. */
  readonly sinceMs: number;
  /** How many noncurrent versions of the key are newer. */
  readonly newer: number;
  readonly nowMs: number;
}

/** Whether a noncurrent version is to go. */
export function expiresNoncurrent(
  rules: readonly LifecycleRule[],
  key: string,
  version: NoncurrentVersion,
): boolean {
  return rules.some((rule) => {
    if (!rule.enabled || rule.noncurrentDays === undefined) return false;
    const matches =
      version.object === undefined
        ? key.startsWith(rule.filter.prefix ?? '') && (rule.filter.tags?.length ?? 0) === 0
        : matchesFilter(rule.filter, key, version.object);
    return (
      matches &&
      version.newer >= (rule.newerNoncurrentVersions ?? 0) &&
      dueAfterDays(version.sinceMs, rule.noncurrentDays) <= version.nowMs
    );
  });
}

/** When an upload that is not completed is aborted, and under which rule. */
export function findAbortion(
  rules: readonly LifecycleRule[],
  key: string,
  initiatedMs: number,
): { readonly dueMs: number; readonly ruleId: string } | undefined {
  let first: { dueMs: number; ruleId: string } | undefined;
  for (const rule of rules) {
    if (!rule.enabled || rule.abortIncompleteUploadDays === undefined) continue;
    if (!key.startsWith(rule.filter.prefix ?? '')) continue;
    const dueMs = dueAfterDays(initiatedMs, rule.abortIncompleteUploadDays);
    if (first === undefined || dueMs < first.dueMs) first = { dueMs, ruleId: rule.id };
  }
  return first;
}

function matchesFilter(filter: LifecycleFilter, key: string, object: ExpiringObject): boolean {
  const { prefix = '', tags = [], objectSizeGreaterThan, objectSizeLessThan } = filter;
  if (!key.startsWith(prefix)) return false;
  if (objectSizeGreaterThan !== undefined && object.sizeBytes <= objectSizeGreaterThan) return false;
  if (objectSizeLessThan !== undefined && object.sizeBytes >= objectSizeLessThan) return false;
  const own = object.description.tags ?? [];
  return tags.every((tag) => own.some(({ key: k, value }) => k === tag.key && value === tag.value));
}
