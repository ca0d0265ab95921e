// Walks keys in order and folds those with a common prefix: the heart of every listing.
import { afterKey, afterPrefix, commonPrefixOf } from './key-order.ts';

export interface WalkOptions<Item> {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  /** The first key to look at. */
  readonly from: string;
  /** A common prefix that an earlier page ended with: it and its keys are passed over. */
  readonly pastPrefix?: string | undefined;
  /** Most entries (items and common prefixes together). */
  readonly max: number;
  /** Items with `from <= key < to`, in key order. */
  readonly scan: (window: ScanWindow) => Promise<readonly Item[]>;
  readonly keyOf: (item: Item) => string;
  /** Items that do not count (delete markers in a listing of objects). */
  readonly skip?: (item: Item) => boolean;
}

export interface ScanWindow {
  readonly from: string;
  readonly to: string | undefined;
  readonly limit: number;
}

export interface Walked<Item> {
  readonly items: readonly Item[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** The last entry: a key, or a common prefix. */
  readonly last: { readonly key: string; readonly isPrefix: boolean } | undefined;
}

const BATCH = 1000;

/** One page. A common prefix is passed over without visiting the keys under it. */
export async function walkKeys<Item>(options: WalkOptions<Item>): Promise<Walked<Item>> {
  const { prefix, delimiter, max, keyOf } = options;
  const items: Item[] = [];
  const commonPrefixes: string[] = [];
  let last: Walked<Item>['last'];
  const page = (isTruncated: boolean): Walked<Item> => ({ items, commonPrefixes, isTruncated, last });
  if (max === 0) return page(false);
  const to = afterPrefix(prefix);
  let from: string | undefined = laterOf(options.from, prefix);
  let folded = options.pastPrefix;
  while (from !== undefined) {
    const limit = Math.min(BATCH, max + 1);
    const batch: readonly Item[] = await options.scan({ from, to, limit });
    for (const item of batch) {
      const key = keyOf(item);
      if (folded !== undefined && key.startsWith(folded)) continue;
      if (options.skip?.(item) === true) continue;
      if (items.length + commonPrefixes.length === max) return page(true);
      folded = commonPrefixOf(key, prefix, delimiter);
      if (folded === undefined) items.push(item);
      else commonPrefixes.push(folded);
      last = { key: folded ?? key, isPrefix: folded !== undefined };
    }
    const end = batch.at(-1);
    if (end === undefined || batch.length < limit) return page(false);
    from = nextStart(keyOf(end), folded);
  }
  return page(false);
}

/** Behind the last key, or behind everything under the prefix it was folded into. */
function nextStart(key: string, folded: string | undefined): string | undefined {
  return folded !== undefined && key.startsWith(folded) ? afterPrefix(folded) : afterKey(key);
}

function laterOf(a: string, b: string): string {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) >= 0 ? a : b;
}
