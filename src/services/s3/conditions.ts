// Conditional requests: If-Match and its siblings on reads, copies and writes.
import {
  headerNotImplemented,
  invalidArgument,
  noSuchKey,
  notModified,
  preconditionFailed,
} from './errors.ts';
import type { Version } from './store.ts';

export interface ReadConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: Date | undefined;
  readonly ifUnmodifiedSince?: Date | undefined;
}

export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
}

/** Header names for the `Condition` of a failure. */
interface ConditionNames {
  readonly ifMatch: string;
  readonly ifNoneMatch: string;
  readonly ifModifiedSince: string;
  readonly ifUnmodifiedSince: string;
}

const READ_NAMES: ConditionNames = {
  ifMatch: 'If-Match',
  ifNoneMatch: 'If-None-Match',
  ifModifiedSince: 'If-Modified-Since',
  ifUnmodifiedSince: 'If-Unmodified-Since',
};

// AWS's own mixture of cases. localstack/localstack, test_s3_preconditions.snapshot.json
const COPY_NAMES: ConditionNames = {
  ifMatch: 'x-amz-copy-source-If-Match',
  ifNoneMatch: 'x-amz-copy-source-If-None-Match',
  ifModifiedSince: 'x-amz-copy-source-If-Modified-Since',
  ifUnmodifiedSince: 'x-amz-copy-source-If-Unmodified-Since',
};

type Failure = { readonly kind: 'failed' | 'not-modified'; readonly condition: keyof ConditionNames };

/**
 * GET and HEAD: throws 412 or 304.
 * Precedence: S3 API reference, GetObject, "Additional considerations about request headers":
 * If-Match true overrides If-Unmodified-Since; If-None-Match false overrides If-Modified-Since.
 * @param headers sent along with a 304.
 */
export function checkReadConditions(
  conditions: ReadConditions,
  object: Validators,
  headers: { readonly nowMs: number; readonly notModified: () => Readonly<Record<string, string>> },
): void {
  const failure = findFailure(conditions, object, headers.nowMs);
  if (failure === undefined) return;
  if (failure.kind === 'not-modified') throw notModified(headers.notModified());
  throw preconditionFailed(READ_NAMES[failure.condition]);
}

/** The conditions on a copy's source: every failure is a 412. */
export function checkCopyConditions(
  conditions: ReadConditions,
  source: Validators,
  nowMs: number,
): void {
  const failure = findFailure(conditions, source, nowMs);
  if (failure !== undefined) throw preconditionFailed(COPY_NAMES[failure.condition]);
}

function findFailure(
  conditions: ReadConditions,
  object: Validators,
  nowMs: number,
): Failure | undefined {
  // Dates in headers have no milliseconds.
  const modifiedSec = Math.floor(object.lastModifiedMs / 1000);
  if (conditions.ifMatch !== undefined) {
    if (!matchesEtag(conditions.ifMatch, object.etag)) return { kind: 'failed', condition: 'ifMatch' };
  } else if (conditions.ifUnmodifiedSince !== undefined) {
    if (modifiedSec > toSeconds(conditions.ifUnmodifiedSince)) {
      return { kind: 'failed', condition: 'ifUnmodifiedSince' };
    }
  }
  if (conditions.ifNoneMatch !== undefined) {
    if (matchesEtag(conditions.ifNoneMatch, object.etag)) {
      return { kind: 'not-modified', condition: 'ifNoneMatch' };
    }
  } else if (conditions.ifModifiedSince !== undefined) {
    const sinceSec = toSeconds(conditions.ifModifiedSince);
    // AWS: a date in the future is ignored. localstack snapshot `copy-ignore-future-modified-since`.
    const isFuture = sinceSec > Math.floor(nowMs / 1000);
    if (!isFuture && modifiedSec <= sinceSec) {
      return { kind: 'not-modified', condition: 'ifModifiedSince' };
    }
  }
  return undefined;
}

/** `*`, or one of a list of entity tags, quoted or not. */
export function matchesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => unquoteEtag(candidate) === etag);
}

/** The tag itself: no white space, no `W/`, no quotes. */
export function unquoteEtag(text: string): string {
  return text.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
}

export interface WriteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/**
 * What of a write can be refused before looking at the key.
 * AWS: If-None-Match takes `*` only, If-Match an entity tag only, and not both.
 * localstack/localstack, test_s3_api.snapshot.json, TestS3ObjectWritePrecondition.
 */
export function checkWriteConditionSyntax({ ifMatch, ifNoneMatch }: WriteConditions): void {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    throw headerNotImplemented(
      'If-Match,If-None-Match',
      'Multiple conditional request headers present in the request',
    );
  }
  const refuse = (header: string): never => {
    throw headerNotImplemented(
      header,
      `We don't accept the provided value of ${header} header for this API`,
    );
  };
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') refuse('If-None-Match');
  if (ifMatch === '*') refuse('If-Match');
}

/** Throws unless the key's current version satisfies the conditions of a write. */
export function checkWriteConditions(
  conditions: WriteConditions,
  key: string,
  current: Version | undefined,
): void {
  const object = current?.kind === 'object' ? current : undefined;
  if (conditions.ifNoneMatch !== undefined && object !== undefined) {
    throw preconditionFailed('If-None-Match');
  }
  if (conditions.ifMatch === undefined) return;
  if (object === undefined) throw noSuchKey(key);
  if (!matchesEtag(conditions.ifMatch, object.etag)) throw preconditionFailed('If-Match');
}

export interface DeleteConditions {
  readonly ifMatch?: string | undefined;
  readonly ifMatchLastModifiedTime?: Date | undefined;
  readonly ifMatchSize?: number | undefined;
}

/** AWS: the last two are for directory buckets. S3 API reference, DeleteObject. */
export function checkDeleteConditionSyntax(conditions: DeleteConditions): void {
  if (conditions.ifMatchLastModifiedTime !== undefined) {
    throw headerNotImplemented('x-amz-if-match-last-modified-time');
  }
  if (conditions.ifMatchSize !== undefined) throw headerNotImplemented('x-amz-if-match-size');
  if (conditions.ifMatch === '') {
    throw invalidArgument('Invalid value for If-Match header', 'If-Match', '');
  }
}

function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
