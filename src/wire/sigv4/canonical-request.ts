// The canonical request of Signature Version 4: what client and server must agree on, byte for byte.
import type { HttpRequest } from '../http.ts';
import { decodePercent, encodeComponent, parseQuery } from './query-parameters.ts';

export interface CanonicalOptions {
  /** Lower-case names in the order the client listed them. */
  readonly signedHeaders: readonly string[];
  /** Hex SHA-256 of the body, or one of the words that stand for it. */
  readonly payloadHash: string;
  /** S3 encodes its path once and keeps its slashes; every other service encodes twice and normalises. */
  readonly isS3: boolean;
}

export function buildCanonicalRequest(request: HttpRequest, options: CanonicalOptions): string {
  const { signedHeaders } = options;
  const headers = signedHeaders.map(
    (name) => `${name}:${canonicalValue(request.headers[name] ?? '')}\n`,
  );
  return [
    request.method,
    options.isS3 ? canonicalS3Path(request.path) : canonicalPath(request.path),
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    options.payloadHash,
  ].join('\n');
}

/** Sorted by encoded name, then value; the signature itself is left out. */
export function canonicalQuery(query: string): string {
  if (query === '') return '';
  return parseQuery(query)
    .filter(({ name }) => name !== 'X-Amz-Signature')
    .map(({ name, value }) => [encodeComponent(name), encodeComponent(value)] as const)
    .toSorted(
      ([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB),
    )
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The path as it came, encoded once more, without `.`, `..` and empty segments. */
export function canonicalPath(path: string): string {
  if (path === '/') return path;
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(encodeComponent(segment));
  }
  const last = path.split('/').at(-1);
  const endsWithSlash = kept.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${kept.join('/')}${endsWithSlash ? '/' : ''}`;
}

/** The path's own characters, encoded once; nothing is normalised, since keys may look like anything. */
export function canonicalS3Path(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeComponent(decodePercent(segment)))
    .join('/');
}

/** Outer spaces go, inner runs become one. */
function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return /\s\s|[^\S ]/.test(trimmed) ? trimmed.replaceAll(/\s+/g, ' ') : trimmed;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
