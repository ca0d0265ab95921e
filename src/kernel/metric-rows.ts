// The rows that metrics are kept in: a row per minute with values, and one per metric.
import type { Key, ReadTx, Store, Tx } from '../base/store.ts';
import { type MetricAggregate, mergeAggregates } from './metric-aggregate.ts';
import type { MetricId, MetricPeriod, MetricUnit } from './metric-id.ts';
import { table } from './table.ts';

interface MetricRow {
  readonly dimensions: MetricId['dimensions'];
  readonly unit: MetricUnit;
  /** Start of the last day with values, epoch ms. */
  readonly dayMs: number;
}

/** Keyed `[account, region, namespace, name, series, minute]`. */
const minutes = table<Omit<MetricAggregate, 'minuteMs'>>('kernel/metric-minute');
/** Keyed `[account, region, namespace, name, series]`. */
const known = table<MetricRow>('kernel/metric');

export interface StoredSeries {
  readonly key: Key;
  readonly id: MetricId;
  readonly storedDayMs: number;
}

export const DAY_MS = 86_400_000;
/** Rows of one transaction. */
export const ROWS_PER_WRITE = 500;
const LIST_MAX = 100_000;

/** Metrics whose keys begin so. */
export async function listMetrics(store: Store, prefix: Key): Promise<Map<string, MetricId>> {
  const rows = await store.read((view) => known.list(view, prefix, { limit: LIST_MAX }));
  const ids = rows.map(({ key, value: { dimensions, unit } }): [string, MetricId] => [
    key.join('\0'),
    { namespace: String(key[2]), name: String(key[3]), dimensions, unit },
  ]);
  return new Map(ids);
}

/** Adds parts of minutes to what is stored of them; `storedDayMs` is the last day that stands in the row. */
export async function writeParts(
  tx: Tx,
  { key, id, storedDayMs }: StoredSeries,
  parts: readonly MetricAggregate[],
): Promise<void> {
  for (const { minuteMs, ...part } of parts) {
    const at = [...key, minuteMs];
    const stored = await minutes.get(tx, at);
    if (stored === undefined) minutes.put(tx, at, part);
    else {
      const { minuteMs: _same, ...sum } = mergeAggregates({ minuteMs, ...stored }, { minuteMs, ...part });
      minutes.put(tx, at, sum);
    }
  }
  const dayMs = lastDayOf(storedDayMs, parts);
  if (dayMs === storedDayMs) return;
  known.put(tx, key, { dimensions: id.dimensions, unit: id.unit, dayMs });
}

/** The day of the latest part, or the one before when that is later. */
export function lastDayOf(storedDayMs: number, parts: readonly MetricAggregate[]): number {
  return parts.reduce((last, { minuteMs }) => Math.max(last, startOfDay(minuteMs)), storedDayMs);
}

/** Minutes that are stored, by their start. */
export async function readMinutes(
  view: ReadTx,
  key: Key,
  { fromMs, toMs }: MetricPeriod,
): Promise<Map<number, MetricAggregate>> {
  const rows = await minutes.range(view, [...key, fromMs], [...key, toMs], { limit: LIST_MAX });
  return new Map(
    rows.map(({ key: rowKey, value }) => {
      const minuteMs = Number(rowKey.at(-1));
      return [minuteMs, { minuteMs, ...value }];
    }),
  );
}

/** Drops minutes from before, and metrics without later ones. */
export async function dropOldRows(store: Store, beforeMs: number): Promise<void> {
  let after: Key | undefined;
  for (;;) {
    const from = after === undefined ? {} : { after };
    const rows = await store.read((view) => known.list(view, [], { limit: ROWS_PER_WRITE, ...from }));
    for (const { key, value } of rows) await dropOldMinutes(store, key, { beforeMs, isOver: value.dayMs < beforeMs });
    after = rows.at(-1)?.key;
    if (rows.length < ROWS_PER_WRITE) return;
  }
}

async function dropOldMinutes(
  store: Store,
  key: Key,
  { beforeMs, isOver }: { readonly beforeMs: number; readonly isOver: boolean },
): Promise<void> {
  for (let more = true; more; ) {
    more = await store.transact(async (tx) => {
      const old = await minutes.range(tx, [...key, 0], [...key, beforeMs], { limit: ROWS_PER_WRITE });
      for (const row of old) minutes.delete(tx, row.key);
      if (isOver && old.length < ROWS_PER_WRITE) known.delete(tx, key);
      return old.length === ROWS_PER_WRITE;
    });
  }
}

export function startOfDay(epochMs: number): number {
  return epochMs - (epochMs % DAY_MS);
}
