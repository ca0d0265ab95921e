// TransactGetItems and TransactWriteItems.
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { Consumption } from '../capacity.ts';
import { invalid } from '../errors.ts';
import { planProjection, projectItem } from '../expression/project.ts';
import type { WriteIntent } from '../item-write.ts';
import { readTableName } from '../rules.ts';
import type { TableHandle } from '../store.ts';
import { measureCollection, wantsCapacity } from './consumed-capacity.ts';
import { wireItem } from './expression-input.ts';
import { readWantedPaths } from './items.ts';
import {
  checkPutSizes,
  digestRequest,
  isRepetition,
  keyOf,
  openTables,
  readConsumption,
  readItems,
  remember,
  repetitionConsumption,
  shapeByTable,
  writeItems,
  type Get,
  type Step,
} from './transaction-steps.ts';
import { readCheck, readDelete, readKey, readPut, readUpdateIntent } from './write-intent.ts';

export async function transactGetItems(
  input: InputOf<'dynamodb', 'TransactGetItems'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'TransactGetItems'>> {
  const steps = (input.TransactItems ?? []).map(({ Get: get }): Step<Get> => {
    const given = get?.TableName ?? '';
    const paths = readWantedPaths(get ?? {});
    return { given, name: readTableName(given, ctx), action: { key: readKey(get?.Key), paths } };
  });
  const found = await ctx.store.read(async (view) =>
    readItems(view, { steps, tables: await openTables(view, ctx, steps) }),
  );
  const responses = steps.map(({ action }, i) => {
    const item = found[i]?.item;
    if (item === undefined) return {};
    const wanted =
      action.paths === undefined ? item : projectItem(planProjection(action.paths), item);
    // AWS: leaves out an item none of whose attributes were asked for.
    return action.paths !== undefined && Object.keys(wanted).length === 0
      ? {}
      : { Item: wireItem(wanted) };
  });
  const level = input.ReturnConsumedCapacity;
  if (!wantsCapacity(level)) return { Responses: responses };
  const consumed = readConsumption(found);
  const capacity = shapeByTable(level, { steps, consumed, split: 'ReadCapacityUnits' });
  return { Responses: responses, ConsumedCapacity: capacity };
}

type WriteInput = InputOf<'dynamodb', 'TransactWriteItems'>;

export async function transactWriteItems(
  input: WriteInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'TransactWriteItems'>> {
  const steps = (input.TransactItems ?? []).map((item) => readStep(item, ctx));
  checkPutSizes(steps);
  const token = input.ClientRequestToken;
  const level = input.ReturnConsumedCapacity;
  const use =
    token === undefined ? undefined : { token, digest: digestRequest(input.TransactItems ?? []) };
  return ctx.store.transact(async (tx) => {
    if (use !== undefined && (await isRepetition(tx, ctx, use))) {
      if (!wantsCapacity(level)) return {};
      const tables = await openTables(tx, ctx, steps);
      const consumed = await repetitionConsumption(tx, { steps, tables });
      const split = 'ReadCapacityUnits';
      return { ConsumedCapacity: shapeByTable(level, { steps, consumed, split }) };
    }
    const tables = await openTables(tx, ctx, steps);
    const consumed = await writeItems(tx, ctx, { steps, tables });
    if (use !== undefined) await remember(tx, ctx, use);
    return shapeWrites(tx, { input, steps, tables, consumed });
  });
}

function readStep(item: TransactWriteItem, ctx: RequestContext): Step<WriteIntent> {
  const actions = [item.ConditionCheck, item.Put, item.Delete, item.Update];
  const [action, second] = actions.filter((candidate) => candidate !== undefined);
  if (action === undefined) {
    throw invalid(
      'The action or operation requested is invalid. Verify that the action is typed correctly.',
    );
  }
  if (second !== undefined) {
    throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const given = action.TableName ?? '';
  return { given, name: readTableName(given, ctx), action: readIntent(item) };
}

function readIntent({ Put, Delete, Update, ConditionCheck }: TransactWriteItem): WriteIntent {
  if (Put !== undefined) return readPut(Put);
  if (Delete !== undefined) return readDelete(Delete);
  if (Update !== undefined) return readUpdateIntent(Update, { countsActions: false });
  return readCheck(ConditionCheck ?? {});
}

async function shapeWrites(
  tx: Tx,
  {
    input,
    steps,
    tables,
    consumed,
  }: {
    readonly input: WriteInput;
    readonly steps: readonly Step<WriteIntent>[];
    readonly tables: readonly TableHandle[];
    readonly consumed: readonly Consumption[];
  },
): Promise<OutputOf<'dynamodb', 'TransactWriteItems'>> {
  const level = input.ReturnConsumedCapacity;
  const metrics: NonNullable<OutputOf<'dynamodb', 'TransactWriteItems'>['ItemCollectionMetrics']> =
    {};
  if (input.ReturnItemCollectionMetrics === 'SIZE') {
    for (const [i, { given, action }] of steps.entries()) {
      const table = tables[i];
      const measured = table && (await measureCollection(tx, table, keyOf(action)));
      if (measured !== undefined) (metrics[given] ??= []).push(measured);
    }
  }
  return {
    ...(wantsCapacity(level)
      ? { ConsumedCapacity: shapeByTable(level, { steps, consumed, split: 'WriteCapacityUnits' }) }
      : {}),
    ...(input.ReturnItemCollectionMetrics === 'SIZE' ? { ItemCollectionMetrics: metrics } : {}),
  };
}
