// What a committed write puts on the table's stream.
import {
  attributeOf,
  equalItems,
  setAttribute,
  type AttributeValue,
  type Item,
} from '../attribute-value.ts';
import type { SizedItem } from '../item-codec.ts';
import { itemSize } from '../item-size.ts';
import { keyNames, type KeySchema, type StreamViewType } from '../table-definition.ts';

export interface Change {
  readonly kind: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly keys: SizedItem;
  readonly oldImage?: SizedItem;
  readonly newImage?: SizedItem;
}

export interface Images {
  readonly before: SizedItem | undefined;
  readonly after: SizedItem | undefined;
}

/**
 * The change as a stream of this view type tells it; undefined when nothing changed.
 * AWS: a write that leaves the item as it was makes no record. <developer guide, "DynamoDB Streams">
 */
export function describeChange(
  { before, after }: Images,
  key: KeySchema,
  viewType: StreamViewType,
): Change | undefined {
  const item = after ?? before;
  if (item === undefined) return undefined;
  if (before !== undefined && after !== undefined && equalItems(before.item, after.item)) {
    return undefined;
  }
  const wantsOld = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
  const wantsNew = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES';
  return {
    kind: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    keys: keysOf(item.item, key),
    ...(wantsOld && before !== undefined ? { oldImage: before } : {}),
    ...(wantsNew && after !== undefined ? { newImage: after } : {}),
  };
}

function keysOf(item: Item, key: KeySchema): SizedItem {
  const keys: Record<string, AttributeValue> = {};
  for (const name of keyNames(key)) {
    const value = attributeOf(item, name);
    if (value !== undefined) setAttribute(keys, name, value);
  }
  return { item: keys, size: itemSize(keys) };
}

/** `SizeBytes` of the record: the keys and the images, as items are counted. */
export function changeSize({ keys, oldImage, newImage }: Change): number {
  return keys.size + (oldImage?.size ?? 0) + (newImage?.size ?? 0);
}
