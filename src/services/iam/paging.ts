// Pages of lists: Marker and MaxItems, as every list operation of IAM takes them. Pure.
import { invalidMarker } from './errors.ts';
import { DEFAULT_PAGE_ITEMS } from './limits.ts';

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** What the response says of the page. */
  readonly more: { readonly IsTruncated: boolean; readonly Marker?: string };
}

/**
 * Cuts a page out of a sorted list. The marker names the last item given, so that items added or
 * removed meanwhile neither repeat nor hide others.
 * @param idOf what the list is sorted by
 */
export function cutPage<T>(
  items: readonly T[],
  request: PageRequest,
  idOf: (item: T) => string,
): Page<T> {
  const after = request.Marker === undefined ? undefined : decodeMarker(request.Marker);
  const rest = after === undefined ? items : items.filter((item) => idOf(item) > after);
  const limit = request.MaxItems ?? DEFAULT_PAGE_ITEMS;
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (rest.length <= limit || last === undefined)
    return { items: page, more: { IsTruncated: false } };
  return { items: page, more: { IsTruncated: true, Marker: encodeMarker(idOf(last)) } };
}

/** Sorted by `idOf`, as `cutPage` wants it. */
export function sortBy<T>(items: readonly T[], idOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0));
}

const MARK = 'm1:';

function encodeMarker(id: string): string {
  return Buffer.from(MARK + id).toString('base64url');
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith(MARK)) throw invalidMarker();
  return text.slice(MARK.length);
}
