// How S3 requests name their bucket: in the host, or as the first path segment.
import type { HttpRequest } from './http.ts';

export interface S3Address {
  /** Undefined for requests to the service itself (ListBuckets). */
  readonly bucket: string | undefined;
  /** What follows the bucket, still percent-encoded, starting with `/`. */
  readonly path: string;
}

// `s3.` alone or with a region, under the names that resolve to this machine and AWS's own.
const REGION = String.raw`(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d+)?`;
const DOMAIN = String.raw`(?:localhost|localhost\.localstack\.cloud|amazonaws\.com)`;
const HOST = new RegExp(String.raw`^(?:(.+)\.)?s3${REGION}\.${DOMAIN}$`);

/** The bucket a host names: undefined when none, null when the host is not S3's at all. */
export function bucketOfHost(host: string): string | undefined | null {
  const found = HOST.exec(host.replace(/:\d+$/, '').toLowerCase());
  return found === null ? null : found[1];
}

/** Splits a request's address; `virtualHostBucket` is what the host already said. */
export function addressOf(request: HttpRequest, virtualHostBucket: string | undefined): S3Address {
  if (virtualHostBucket !== undefined) return { bucket: virtualHostBucket, path: request.path };
  const end = request.path.indexOf('/', 1);
  const segment = end === -1 ? request.path.slice(1) : request.path.slice(1, end);
  if (segment === '') return { bucket: undefined, path: request.path };
  return { bucket: segment, path: end === -1 ? '/' : request.path.slice(end) };
}
