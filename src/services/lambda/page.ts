// Pages of listings: `Marker` and `MaxItems`.
import { invalidParameter } from './errors.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

/** @param limit most items of a page, and how many without `MaxItems`. */
export function pageOf<T>(
  all: readonly T[],
  { Marker, MaxItems }: PageRequest,
  limit = 50,
): { readonly items: readonly T[]; readonly next: { NextMarker?: string } } {
  const start = Marker === undefined ? 0 : Number(Buffer.from(Marker, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('Invalid marker');
  const end = start + Math.min(MaxItems ?? limit, limit);
  const next = end < all.length ? { NextMarker: Buffer.from(String(end)).toString('base64url') } : {};
  return { items: all.slice(start, end), next };
}
