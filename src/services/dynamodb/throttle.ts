// Capacity as AWS enforces it, when the cloud is asked to: a bucket of units for each table and
// global index, filled by what is provisioned, holding what five minutes bring.
import { localSlot, type WorkContext } from '../../kernel/context.ts';
import { NOTHING_CONSUMED, readUnits, type Consumption } from './capacity.ts';
import { throughputExceeded, type ThrottlingReason } from './errors.ts';
import { BURST_SEC } from './limits.ts';
import { indexArn, type IndexDefinition, type TableDefinition } from './table-definition.ts';

interface Bucket {
  units: number;
  updatedMs: number;
}

/** Kept in memory: after a restart every bucket is full. */
const buckets = localSlot(() => new Map<string, Bucket>());

type Kind = 'Read' | 'Write';

/** What a request takes from one bucket. */
interface Charge {
  readonly id: string;
  readonly unitsPerSec: number;
  readonly units: number;
  readonly reason: ThrottlingReason;
}

/**
 * Takes the units of a request from its table and indexes, or throws and takes none. AWS: unused
 * capacity of five minutes is kept for bursts. <developer guide, "Burst capacity">
 * Differs: a table starts with its burst, so that a clock that stands still throttles nobody at once.
 */
export function chargeCapacity(
  context: WorkContext,
  {
    table,
    kind,
    consumed,
  }: { readonly table: TableDefinition; readonly kind: Kind; readonly consumed: Consumption },
): void {
  if (context.settings.dynamodb?.throttles !== true) return;
  const charges = chargesOf(table, kind, consumed);
  const nowMs = context.clock.now();
  const known = context.local(buckets);
  const filled = charges.map((charge) => fill(known, charge, nowMs));
  for (const [i, { units, reason, unitsPerSec }] of charges.entries()) {
    const bucket = filled[i];
    const full = unitsPerSec * BURST_SEC;
    // What is more than a full bucket can still be served by one.
    if (bucket === undefined || bucket.units >= Math.min(units, full)) continue;
    throw throughputExceeded(reason);
  }
  for (const [i, { units }] of charges.entries()) {
    const bucket = filled[i];
    if (bucket !== undefined) bucket.units -= units;
  }
}

/** For reads of the table itself: `bytes` is what was read. */
export function chargeRead(
  context: WorkContext,
  table: TableDefinition,
  { bytes, consistent }: { readonly bytes: number; readonly consistent: boolean },
): void {
  if (context.settings.dynamodb?.throttles !== true) return;
  const consumed = { ...NOTHING_CONSUMED, table: readUnits(bytes, consistent) };
  chargeCapacity(context, { table, kind: 'Read', consumed });
}

function fill(known: Map<string, Bucket>, { id, unitsPerSec }: Charge, nowMs: number): Bucket {
  const full = unitsPerSec * BURST_SEC;
  const bucket = known.get(id) ?? { units: full, updatedMs: nowMs };
  const grown = bucket.units + ((nowMs - bucket.updatedMs) / 1000) * unitsPerSec;
  bucket.units = Math.min(full, grown);
  bucket.updatedMs = nowMs;
  known.set(id, bucket);
  return bucket;
}

/** AWS: local indexes use the capacity of their table. */
function chargesOf(table: TableDefinition, kind: Kind, consumed: Consumption): Charge[] {
  const local = Object.values(consumed.localIndexes).reduce((sum, units) => sum + units, 0);
  const own = charge(table, undefined, { kind, units: consumed.table + local });
  const ofIndexes = Object.entries(consumed.globalIndexes).flatMap(([name, units]) => {
    const index = table.indexes.find((candidate) => candidate.name === name);
    return index === undefined ? [] : charge(table, index, { kind, units });
  });
  return [...own, ...ofIndexes];
}

/** None where nothing limits. */
function charge(
  table: TableDefinition,
  index: IndexDefinition | undefined,
  { kind, units }: { readonly kind: Kind; readonly units: number },
): Charge[] {
  if (units === 0) return [];
  const { throughput, onDemandLimits } = index ?? table;
  const onDemand = table.billingMode === 'PAY_PER_REQUEST';
  const limit = onDemandLimits?.[`Max${kind}RequestUnits`];
  const provisioned = kind === 'Read' ? throughput.readUnits : throughput.writeUnits;
  const unitsPerSec = onDemand ? limit : provisioned;
  // -1 stands for no limit.
  if (unitsPerSec === undefined || unitsPerSec < 0) return [];
  const reason: ThrottlingReason = {
    onIndex: index !== undefined,
    onDemand,
    kind,
    resource: index === undefined ? table.arn : indexArn(table, index.name),
  };
  const id = `${table.id}/${index?.number ?? ''}/${kind}/${unitsPerSec}`;
  return [{ id, unitsPerSec, units, reason }];
}
