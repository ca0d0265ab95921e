// Time to live: when an item expires.
import { attributeOf, type Item } from './attribute-value.ts';
import { EXPIRY_MAX_AGE_SEC } from './limits.ts';
import { toSafeInteger } from './number.ts';
import type { ExpirySetting } from './table-definition.ts';

/**
 * The second at which the item expires; undefined when it never does: no setting, no number in the
 * attribute, or a time so long ago that it must be a mistake.
 */
export function expirySecond(
  setting: ExpirySetting | undefined,
  item: Item,
  nowMs: number,
): number | undefined {
  if (setting === undefined) return undefined;
  const value = attributeOf(item, setting.attribute);
  if (value === undefined || !('N' in value)) return undefined;
  const second = toSafeInteger(value.N);
  if (second === undefined || second < nowMs / 1000 - EXPIRY_MAX_AGE_SEC) return undefined;
  return second;
}
