// One write of one item, from the request's intent to what changes: shared by all operations that
// write.
import { unreachable } from '../../base/errors.ts';
import type { Key, ReadTx, Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { attributeOf, isDeeperThan, type Item } from './attribute-value.ts';
import { recordHistory } from './backup/history-store.ts';
import { writeUnits, type Consumption } from './capacity.ts';
import { conditionFailed, duplicateItem, invalid } from './errors.ts';
import { expirySecond } from './expiry.ts';
import { applyUpdate } from './expression/apply-update.ts';
import { holds } from './expression/evaluate.ts';
import type { BoundAction, BoundCondition } from './expression/syntax.ts';
import { planIndexChanges, type IndexChanges } from './index-entries.ts';
import type { SizedItem } from './item-codec.ts';
import { attributeSize, itemSize } from './item-size.ts';
import { checkUpdatedIndexKeys } from './key-rules.ts';
import { ITEM_MAX_BYTES, NESTING_MAX_LEVELS } from './limits.ts';
import {
  getItem,
  itemPosition,
  loadExpiryTimer,
  loadTable,
  saveExpiryTimer,
  writeItem,
  type TableHandle,
} from './store.ts';
import { recordRecent } from './read-lag.ts';
import { recordReplication, type Stamp } from './replication/outbox.ts';
import { recordChange } from './streams/life-cycle.ts';
import { chargeCapacity } from './throttle.ts';

/** What to do with the item, every part of it checked as far as that goes without the item. */
export type WriteIntent = {
  readonly condition: BoundCondition | undefined;
  /** Hand the item as it stands out with a failed condition. */
  readonly returnOnFailure: boolean;
} & (
  | {
      readonly kind: 'put';
      readonly item: SizedItem;
      /** Never replaces an item. */
      readonly insert?: boolean;
    }
  | { readonly kind: 'delete' | 'check'; readonly key: Item }
  | {
      readonly kind: 'update';
      readonly key: Item;
      readonly actions: readonly BoundAction[];
      /**
       * AWS: UpdateItem counts differently towards the size limit than an update in a transaction.
       */
      readonly countsActions: boolean;
    }
);

/** What a write found and what it leaves. */
export interface WriteOutcome {
  readonly position: Key;
  readonly before: SizedItem | undefined;
  readonly after: SizedItem | undefined;
  readonly writes: boolean;
}

const NO_INDEX_CHANGES: IndexChanges = {
  changes: [],
  consumed: { localIndexes: {}, globalIndexes: {} },
};

/**
 * Reads the item, checks the condition and works out what becomes of it, without writing.
 * @param needsBefore the caller wants the old item; else it is read only when something depends on
 * it.
 */
export async function resolveWrite(
  view: ReadTx,
  table: TableHandle,
  { intent, needsBefore }: { readonly intent: WriteIntent; readonly needsBefore: boolean },
): Promise<WriteOutcome> {
  const { definition } = table;
  const position = itemPosition(definition, intent.kind === 'put' ? intent.item.item : intent.key);
  const blind =
    intent.kind !== 'update' &&
    !(intent.kind === 'put' && intent.insert === true) &&
    intent.condition === undefined &&
    !needsBefore &&
    definition.indexes.length === 0 &&
    definition.expiry === undefined &&
    definition.stream === undefined &&
    definition.history === undefined &&
    definition.replication === undefined &&
    definition.readLagMs === undefined;
  const before = blind ? undefined : await getItem(view, table, position);
  if (intent.condition !== undefined && !holds(intent.condition, before?.item ?? {})) {
    throw conditionFailed(intent.returnOnFailure ? before?.item : undefined);
  }
  switch (intent.kind) {
    case 'put':
      if (intent.insert === true && before !== undefined) throw duplicateItem();
      return { position, before, after: intent.item, writes: true };
    case 'delete':
      return { position, before, after: undefined, writes: true };
    case 'check':
      return { position, before, after: before, writes: false };
    case 'update': {
      // AWS: an update that only takes away creates no item, nor are its paths looked at then.
      // scylladb test_item.py, test_update_expression.py
      if (before === undefined && intent.actions.length > 0 && !intent.actions.some(gives)) {
        return { position, before, after: undefined, writes: true };
      }
      const item = applyUpdate(intent.actions, before?.item ?? intent.key);
      checkUpdatedIndexKeys(definition, intent.actions, item);
      checkUpdatedDepth(intent.actions, item);
      const after = { item, size: itemSize(item) };
      checkUpdatedSize(intent, after);
      return { position, before, after, writes: true };
    }
    default:
      return unreachable(intent);
  }
}

function gives({ kind }: BoundAction): boolean {
  return kind === 'set' || kind === 'add';
}

/** Values are not too deep by themselves; put below others, or copied there, they may be. */
function checkUpdatedDepth(actions: readonly BoundAction[], item: Item): void {
  for (const action of actions) {
    const nests = action.path.length > 1 || (action.kind === 'set' && action.value.kind === 'call');
    const value = nests ? attributeOf(item, String(action.path[0])) : undefined;
    if (value === undefined || !isDeeperThan(value, NESTING_MAX_LEVELS)) continue;
    throw invalid('Nesting Levels have exceeded supported limits');
  }
}

const TOO_LARGE = 'Item size to update has exceeded the maximum allowed size';
const UPDATE_BYTES = 3;
const WRITING_ACTION_BYTES = 19;
const REMOVING_ACTION_BYTES = 2;

/**
 * AWS: besides the finished item, UpdateItem limits what the update writes plus a fixed cost for
 * each action. nubo-db/dynamodb-conformance, tests/tier3/limits/itemSizeBySurface.test.ts
 */
function checkUpdatedSize(
  {
    actions,
    countsActions,
  }: { readonly actions: readonly BoundAction[]; readonly countsActions: boolean },
  { item, size }: SizedItem,
): void {
  if (size > ITEM_MAX_BYTES) throw invalid(TOO_LARGE);
  // Far from the limit the costs of the actions cannot matter.
  if (!countsActions || size < ITEM_MAX_BYTES / 2) return;
  const written = new Set<string>();
  let cost = UPDATE_BYTES;
  for (const action of actions) {
    cost += gives(action) ? WRITING_ACTION_BYTES : REMOVING_ACTION_BYTES;
    if (!gives(action)) continue;
    written.add(String(action.path[0]));
    if (action.path.some((step) => typeof step === 'number')) cost += 1;
  }
  for (const name of written) cost += attributeSize(name, item[name]);
  if (cost > ITEM_MAX_BYTES) throw invalid(TOO_LARGE);
}

export interface Write {
  readonly table: TableHandle;
  readonly outcome: WriteOutcome;
  /** Time to live removes the item, not a request. */
  readonly expired?: boolean;
  /** The write was made in another region, and this is when. */
  readonly replicated?: Stamp;
  /** The service writes for itself: no capacity is used. */
  readonly free?: boolean;
}

/** Writes the outcome, wherever the table has it, and returns the units it consumed. */
export async function commitWrite(
  tx: Tx,
  context: WorkContext,
  write: Write,
): Promise<Consumption> {
  const { definition } = write.table;
  const { replication } = definition;
  const consumed = await commitHere(tx, context, write);
  const elsewhere = replication?.consistency === 'STRONG' && write.replicated === undefined;
  if (!elsewhere || !write.outcome.writes) return consumed;
  for (const { region } of replication.members) {
    const replica = await loadTable(tx, { account: definition.account, region }, definition.name);
    if (replica === undefined) continue;
    await commitHere(tx, { ...context, region }, { ...write, table: replica });
  }
  return consumed;
}

/** Writes the outcome to one table, its indexes and its stream. */
async function commitHere(
  tx: Tx,
  context: WorkContext,
  { table, outcome, expired = false, replicated, free = expired }: Write,
): Promise<Consumption> {
  const { position, before, after } = outcome;
  const { definition } = table;
  const units = writeUnits(before?.size ?? 0, after?.size ?? 0);
  if (!outcome.writes) return { table: units, localIndexes: {}, globalIndexes: {} };
  const { changes, consumed } =
    definition.indexes.length === 0
      ? NO_INDEX_CHANGES
      : planIndexChanges(definition, before, after);
  if (!free && replicated === undefined && context.settings.dynamodb?.throttles === true) {
    const all = { table: units, ...consumed };
    chargeCapacity(context, { table: definition, kind: 'Write', consumed: all });
  }
  const { expiry } = definition;
  const oldExpirySec = before && expirySecond(expiry, before.item, context.nowMs);
  const newExpirySec = after && expirySecond(expiry, after.item, context.nowMs);
  writeItem(tx, table, {
    position,
    item: after,
    indexChanges: changes,
    oldExpirySec,
    newExpirySec,
  });
  recordChange(tx, context, { table: definition, images: outcome, expired });
  if (definition.history !== undefined) recordHistory(tx, context, { table, position, before });
  if (definition.readLagMs !== undefined) {
    await recordRecent(tx, context, { table, position, before });
  }
  if (definition.replication?.consistency === 'EVENTUAL') {
    await recordReplication(tx, context, { table, outcome, replicated });
  }
  if (newExpirySec !== undefined)
    await ensureExpiryTimer(tx, context, { table, second: newExpirySec });
  return { table: units, ...consumed };
}

/**
 * Sets the table's expiry timer if it would be due too late for an item that expires at `second`.
 */
export async function ensureExpiryTimer(
  tx: Tx,
  context: WorkContext,
  { table, second }: { readonly table: TableHandle; readonly second: number },
): Promise<void> {
  const dueMs = Math.max(second * 1000, context.nowMs);
  const currentMs = await loadExpiryTimer(tx, table);
  if (currentMs !== undefined && currentMs <= dueMs) return;
  saveExpiryTimer(tx, table, dueMs);
  const { id, name } = table.definition;
  context.timers.schedule(tx, context, {
    worker: 'dynamodb/expire',
    dueMs,
    id,
    payload: { tableName: name, tableId: id },
  });
}
