// The Range header: which bytes of an object are asked for.
import { invalidRange } from './errors.ts';

export interface ByteRange {
  /** Inclusive. */
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

/**
 * The bytes asked for, or undefined for all of them (no header, or one that is to be ignored).
 * Throws InvalidRange (416) when nothing of it exists.
 * AWS: malformed ranges, inverted ones and lists of several are ignored.
 * localstack/localstack, test_s3_api.snapshot.json, test_get_object_range.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return undefined;
    const length = Number(last);
    if (length === 0 || sizeBytes === 0) throw invalidRange(header, sizeBytes);
    return { start: Math.max(0, sizeBytes - length), end: sizeBytes - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes) throw invalidRange(header, sizeBytes);
  return { start, end: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}

/** `bytes first-last`, both given: the only form UploadPartCopy takes. */
export function parseCopyRange(header: string): ByteRange | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  if (match === null) return undefined;
  const [start, end] = [Number(match[1]), Number(match[2])];
  return end < start ? undefined : { start, end };
}

/** Cuts `range` out of consecutive pieces. */
export function sliceBlobs(
  pieces: readonly { readonly id: string; readonly sizeBytes: number }[],
  range: ByteRange,
): { id: string; start: number; end: number }[] {
  const slices: { id: string; start: number; end: number }[] = [];
  let offset = 0;
  for (const { id, sizeBytes } of pieces) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, sizeBytes - 1);
    if (start <= end) slices.push({ id, start, end });
    offset += sizeBytes;
  }
  return slices;
}
