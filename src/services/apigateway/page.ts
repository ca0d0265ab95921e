// Pages of listings: `limit` and `position`.
import { badRequest } from './errors.ts';
import { PAGE_DEFAULT, PAGE_MAX } from './limits.ts';

export function pageOf<T>(
  all: readonly T[],
  { limit, position }: { readonly limit?: number | undefined; readonly position?: string | undefined },
): { items: readonly T[]; position: { position?: string } } {
  const start = position === undefined ? 0 : Number(Buffer.from(position, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw badRequest('Invalid position parameter');
  const end = start + Math.min(limit ?? PAGE_DEFAULT, PAGE_MAX);
  const next = end < all.length ? { position: Buffer.from(String(end)).toString('base64url') } : {};
  return { items: all.slice(start, end), position: next };
}
