// The state of streams: which there are, their shards, and the records in these.
import type { Key, ReadTx, Tx } from '../../../base/store.ts';
import { AFTER_ANY } from '../../../base/tuple.ts';
import type { Scope } from '../../../kernel/context.ts';
import { definitionTable, table, type Table } from '../../../kernel/table.ts';
import { decodeItem, encodeItem } from '../item-codec.ts';
import type { KeySchema, StreamViewType } from '../table-definition.ts';
import type { Change } from './change.ts';
import { shardId, type Shard } from './shard.ts';

/** A stream, of a table that may be gone by now. */
export interface StreamRecord {
  readonly tableName: string;
  readonly tableId: string;
  /** Tells the table's streams apart; places the stream's rows. */
  readonly number: number;
  readonly label: string;
  readonly arn: string;
  readonly viewType: StreamViewType;
  readonly key: KeySchema;
  readonly createdMs: number;
  /** Present once it takes no more records. */
  readonly disabledMs?: number;
}

/** What identifies a stream and its rows. */
export type StreamPlace = Pick<StreamRecord, 'tableName' | 'tableId' | 'number' | 'label'>;

interface Mark {
  readonly event: 'opened' | 'closed';
  readonly atMs: number;
  /** When the parent was opened, for an opening that has one. */
  readonly parentOpenedMs?: number;
}

interface StoredChange {
  readonly kind: Change['kind'];
  readonly atMs: number;
  readonly keys: Uint8Array;
  readonly oldImage?: Uint8Array;
  readonly newImage?: Uint8Array;
  readonly expired?: true;
}

/** Keyed [account, region, table name, label]. */
const streams = definitionTable<StreamRecord>('dynamodb/stream');
/** Keyed [account, region, table id, stream number, shard number, sequence]: openings and closings. */
const marks = table<Mark>('dynamodb/stream-mark');
/** Keyed [account, region, table id, stream number, shard number, sequence]. */
const changes = table<StoredChange>('dynamodb/stream-change');
/** Keyed [account, region, table id, stream number, shard number]: the last sequence that was trimmed. */
const trims = table<number>('dynamodb/stream-trim');

export async function loadStream(
  view: ReadTx,
  { account, region }: Scope,
  { tableName, label }: Pick<StreamPlace, 'tableName' | 'label'>,
): Promise<StreamRecord | undefined> {
  return streams.get(view, [account, region, tableName, label]);
}

export function saveStream(tx: Tx, { account, region }: Scope, stream: StreamRecord): void {
  streams.put(tx, [account, region, stream.tableName, stream.label], stream);
}

export function deleteStream(
  tx: Tx,
  { account, region }: Scope,
  { tableName, label }: Pick<StreamPlace, 'tableName' | 'label'>,
): void {
  streams.delete(tx, [account, region, tableName, label]);
}

/** Streams by table name and label, of one table or of all, strictly after `after`. */
export async function listStreams(
  view: ReadTx,
  { account, region }: Scope,
  options: {
    readonly tableName: string | undefined;
    readonly after: Pick<StreamPlace, 'tableName' | 'label'> | undefined;
    readonly limit: number;
  },
): Promise<StreamRecord[]> {
  const { tableName, after, limit } = options;
  const here = [account, region];
  const prefix = tableName === undefined ? here : [...here, tableName];
  const rows = await streams.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...here, after.tableName, after.label] }),
  });
  return rows
    .map((row) => row.value)
    .filter((stream) => tableName === undefined || stream.tableName === tableName);
}

function below({ account, region }: Scope, { tableId, number }: StreamPlace): Key {
  return [account, region, Buffer.from(tableId.replaceAll('-', ''), 'hex'), number];
}

export function markShard(
  tx: Tx,
  scope: Scope,
  {
    place,
    shard,
    mark,
  }: { readonly place: StreamPlace; readonly shard: number; readonly mark: Mark },
): void {
  marks.append(tx, [...below(scope, place), shard], mark);
}

/** A stream's shards live for a day and open every four hours. */
const MARKS_MAX = 10_000;

/** The shards there are, oldest first. */
export async function listShards(view: ReadTx, scope: Scope, place: StreamPlace): Promise<Shard[]> {
  const prefix = below(scope, place);
  const name = `${place.tableId}/${place.number}`;
  const shards: Shard[] = [];
  for (const { key, value } of await marks.list(view, prefix, { limit: MARKS_MAX })) {
    const [number, sequence] = [Number(key[prefix.length]), Number(key[prefix.length + 1])];
    const { event, atMs, parentOpenedMs } = value;
    if (event === 'opened') {
      const parentId =
        parentOpenedMs === undefined ? undefined : shardId(name, number - 1, parentOpenedMs);
      const id = shardId(name, number, atMs);
      shards.push({
        number,
        id,
        parentId,
        openedSequence: sequence,
        openedMs: atMs,
        closed: undefined,
      });
    } else {
      const opened = shards.pop();
      if (opened !== undefined) shards.push({ ...opened, closed: { sequence, atMs } });
    }
  }
  return shards;
}

export function appendChange(
  tx: Tx,
  scope: Scope,
  added: {
    readonly place: StreamPlace;
    readonly shard: number;
    readonly change: Change;
    readonly atMs: number;
    /** Time to live removed the item. */
    readonly expired: boolean;
  },
): void {
  const { place, shard, change, atMs, expired } = added;
  const { kind, keys, oldImage, newImage } = change;
  changes.append(tx, [...below(scope, place), shard], {
    kind,
    atMs,
    keys: encodeItem(keys),
    ...(oldImage === undefined ? {} : { oldImage: encodeItem(oldImage) }),
    ...(newImage === undefined ? {} : { newImage: encodeItem(newImage) }),
    ...(expired ? { expired } : {}),
  });
}

export interface LoggedChange {
  readonly sequence: number;
  readonly atMs: number;
  readonly expired: boolean;
  readonly change: Change;
}

/** Changes of a shard from `sequence` on. */
export async function readChanges(
  view: ReadTx,
  scope: Scope,
  range: {
    readonly place: StreamPlace;
    readonly shard: number;
    readonly from: number;
    readonly limit: number;
  },
): Promise<LoggedChange[]> {
  const prefix = [...below(scope, range.place), range.shard];
  const { limit } = range;
  const rows = await changes.range(view, [...prefix, range.from], [...prefix, AFTER_ANY], {
    limit,
  });
  return rows.map(({ key, value }) => ({
    sequence: Number(key[prefix.length]),
    atMs: value.atMs,
    expired: value.expired === true,
    change: {
      kind: value.kind,
      keys: decodeItem(value.keys),
      ...(value.oldImage === undefined ? {} : { oldImage: decodeItem(value.oldImage) }),
      ...(value.newImage === undefined ? {} : { newImage: decodeItem(value.newImage) }),
    },
  }));
}

/** The sequence of the newest change of a shard; undefined when it has none. */
export async function lastSequence(
  view: ReadTx,
  scope: Scope,
  { place, shard }: { readonly place: StreamPlace; readonly shard: number },
): Promise<number | undefined> {
  const prefix = [...below(scope, place), shard];
  const [last] = await changes.list(view, prefix, { limit: 1, reverse: true });
  return last === undefined ? undefined : Number(last.key[prefix.length]);
}

/** The last sequence of the shard that is gone for good; -1 when none is. */
export async function trimmedSequence(
  view: ReadTx,
  scope: Scope,
  { place, shard }: { readonly place: StreamPlace; readonly shard: number },
): Promise<number> {
  return (await trims.get(view, [...below(scope, place), shard])) ?? -1;
}

/** Removes up to `limit` changes of a shard that are older than `beforeMs`; true when more may be. */
export async function trimChanges(
  tx: Tx,
  scope: Scope,
  options: {
    readonly place: StreamPlace;
    readonly shard: number;
    readonly beforeMs: number;
    readonly limit: number;
  },
): Promise<boolean> {
  const prefix = [...below(scope, options.place), options.shard];
  const rows = await changes.list(tx, prefix, { limit: options.limit });
  const old = rows.filter((row) => row.value.atMs <= options.beforeMs);
  for (const { key } of old) changes.delete(tx, key);
  const last = old.at(-1);
  if (last !== undefined) trims.put(tx, prefix, Number(last.key[prefix.length]));
  return old.length === options.limit;
}

/** Forgets a shard; its changes are gone already. */
export async function forgetShard(
  tx: Tx,
  scope: Scope,
  { place, shard }: { readonly place: StreamPlace; readonly shard: number },
): Promise<void> {
  const prefix = [...below(scope, place), shard];
  for (const { key } of await marks.list(tx, prefix, { limit: MARKS_MAX })) marks.delete(tx, key);
  trims.delete(tx, prefix);
}

/** Removes up to `limit` rows of a stream; true when some may be left. */
export async function purgeStream(
  tx: Tx,
  scope: Scope,
  { place, limit }: { readonly place: StreamPlace; readonly limit: number },
): Promise<boolean> {
  const prefix = below(scope, place);
  const purge = async <T>(from: Table<T>): Promise<number> => {
    const rows = await from.list(tx, prefix, { limit });
    for (const { key } of rows) from.delete(tx, key);
    return rows.length;
  };
  return (await purge(changes)) + (await purge(marks)) + (await purge(trims)) >= limit;
}
