// Counts what tables hold, for their descriptions.
import type { Key } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { MEASURE_INTERVAL_MS, MEASURE_LIVE_ROWS } from '../limits.ts';
import {
  countRows,
  loadMeasure,
  loadTable,
  saveMeasure,
  type Measure,
  type RowCount,
  type TableHandle,
} from '../store.ts';
import type { IndexDefinition } from '../table-definition.ts';

const CHUNK_ROWS = 5000;

/**
 * Small tables are counted as they are. AWS: refreshes the figures about every six hours; so are
 * those of larger tables here.
 */
export async function measureTable(ctx: RequestContext, table: TableHandle): Promise<Measure> {
  const live = await measureLive(ctx, table);
  if (live !== undefined) return live;
  const known = await ctx.store.read((view) => loadMeasure(view, table));
  if (known !== undefined && known.atMs + MEASURE_INTERVAL_MS > ctx.nowMs) return known;
  const measure = await measureFully(ctx, table);
  await ctx.store.transact(async (tx) => {
    const current = await loadTable(tx, ctx, table.definition.name);
    if (current?.definition.id === table.definition.id) saveMeasure(tx, table, measure);
  });
  return measure;
}

/** Undefined when the table is too large to count at every request. */
async function measureLive(ctx: RequestContext, table: TableHandle): Promise<Measure | undefined> {
  return ctx.store.read(async (view) => {
    const options = { limit: MEASURE_LIVE_ROWS, after: undefined };
    const whole = await countRows(view, table, { ...options, index: undefined });
    if (whole.last !== undefined) return undefined;
    const indexes: Record<string, RowCount> = {};
    for (const index of table.definition.indexes) {
      indexes[index.name] = await countRows(view, table, { ...options, index });
    }
    return { atMs: ctx.nowMs, table: whole, indexes };
  });
}

async function measureFully(ctx: RequestContext, table: TableHandle): Promise<Measure> {
  const indexes: Record<string, RowCount> = {};
  for (const index of table.definition.indexes) {
    indexes[index.name] = await countAll(ctx, table, index);
  }
  return { atMs: ctx.nowMs, table: await countAll(ctx, table, undefined), indexes };
}

/**
 * Counts in steps, each on a view of its own: others get their turn, and the sum is near enough.
 */
async function countAll(
  ctx: RequestContext,
  table: TableHandle,
  index: IndexDefinition | undefined,
): Promise<RowCount> {
  const sum = { items: 0, bytes: 0 };
  let after: Key | undefined;
  do {
    const options = { index, limit: CHUNK_ROWS, after };
    const chunk = await ctx.store.read((view) => countRows(view, table, options));
    sum.items += chunk.items;
    sum.bytes += chunk.bytes;
    after = chunk.last;
  } while (after !== undefined);
  return sum;
}
