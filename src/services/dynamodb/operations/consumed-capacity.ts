// Shapes consumed units and item collection sizes for responses.
import type {
  Capacity,
  ConsumedCapacity,
  ItemCollectionMetrics,
  ReturnConsumedCapacity,
} from '@aws-sdk/client-dynamodb';
import type { ReadTx } from '../../../base/store.ts';
import { totalUnits, type Consumption } from '../capacity.ts';
import { attributeOf, type Item } from '../attribute-value.ts';
import { hashBytes, encodeKeyValue, hashAfter } from '../key-encoding.ts';
import { present } from '../../../base/errors.ts';
import { readRows, type TableHandle } from '../store.ts';
import { wireItem } from './expression-input.ts';

/** AWS: only transactions tell reads and writes apart. */
type Split = 'ReadCapacityUnits' | 'WriteCapacityUnits';

export function wantsCapacity(level: ReturnConsumedCapacity | undefined): boolean {
  return level === 'TOTAL' || level === 'INDEXES';
}

/** Undefined unless the request asked for it. */
export function shapeCapacity(
  level: ReturnConsumedCapacity | undefined,
  {
    tableName,
    consumed,
    split,
  }: {
    readonly tableName: string;
    readonly consumed: Consumption;
    readonly split?: Split;
  },
): ConsumedCapacity | undefined {
  if (!wantsCapacity(level)) return undefined;
  const capacity = (units: number): Capacity => ({
    CapacityUnits: units,
    ...(split === undefined ? {} : { [split]: units }),
  });
  const total: ConsumedCapacity = { TableName: tableName, ...capacity(totalUnits(consumed)) };
  if (level === 'TOTAL') return total;
  const byIndex = (units: Readonly<Record<string, number>>): Record<string, Capacity> =>
    Object.fromEntries(Object.entries(units).map(([name, amount]) => [name, capacity(amount)]));
  const hasLocal = Object.keys(consumed.localIndexes).length > 0;
  const hasGlobal = Object.keys(consumed.globalIndexes).length > 0;
  return {
    ...total,
    Table: capacity(consumed.table),
    ...(hasLocal ? { LocalSecondaryIndexes: byIndex(consumed.localIndexes) } : {}),
    ...(hasGlobal ? { GlobalSecondaryIndexes: byIndex(consumed.globalIndexes) } : {}),
  };
}

/** For a response with at most one: the member, or nothing to spread. */
export function capacityMember(capacity: ConsumedCapacity | undefined): {
  ConsumedCapacity?: ConsumedCapacity;
} {
  return capacity === undefined ? {} : { ConsumedCapacity: capacity };
}

const CHUNK_ROWS = 500;
const GIGABYTE = 2 ** 30;

/** The size of the item collection an item is in. AWS: only tables with local indexes have them. */
export async function measureCollection(
  view: ReadTx,
  table: TableHandle,
  item: Item,
): Promise<ItemCollectionMetrics | undefined> {
  const { definition } = table;
  const locals = definition.indexes.filter((index) => !index.global);
  if (locals.length === 0) return undefined;
  const { name } = definition.key.partition;
  const value = present(attributeOf(item, name), `key attribute ${name}`);
  const hash = hashBytes(encodeKeyValue(value));
  let bytes = 0;
  for (const index of [undefined, ...locals]) {
    bytes += await partitionBytes(view, table, { index, hash });
  }
  const lower = Math.floor(bytes / GIGABYTE);
  return {
    ItemCollectionKey: wireItem({ [name]: value }),
    SizeEstimateRangeGB: [lower, lower + 1],
  };
}

async function partitionBytes(
  view: ReadTx,
  table: TableHandle,
  {
    index,
    hash,
  }: {
    readonly index: TableHandle['definition']['indexes'][number] | undefined;
    readonly hash: Uint8Array;
  },
): Promise<number> {
  let bytes = 0;
  const to = [hashAfter(hash)];
  for (
    let from: readonly (Uint8Array | string | number)[] | undefined = [hash];
    from !== undefined;
  ) {
    const rows = await readRows(view, table, {
      index,
      range: { from, to },
      limit: CHUNK_ROWS,
      reverse: false,
    });
    bytes += rows.reduce((sum, row) => sum + row.size, 0);
    const last = rows.at(-1);
    from = last === undefined || rows.length < CHUNK_ROWS ? undefined : [...last.position, 0];
  }
  return bytes;
}
