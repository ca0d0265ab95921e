// GetItem, PutItem, UpdateItem and DeleteItem.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { Item } from '../attribute-value.ts';
import { NOTHING_CONSUMED, readUnits, type Consumption } from '../capacity.ts';
import { planProjection, projectItem } from '../expression/project.ts';
import { readProjection } from '../expression/read-expression.ts';
import type { Path } from '../expression/syntax.ts';
import type { SizedItem } from '../item-codec.ts';
import { commitWrite, resolveWrite, type WriteIntent, type WriteOutcome } from '../item-write.ts';
import { checkKey, checkScalarPaths } from '../key-rules.ts';
import { laggedView } from '../read-lag.ts';
import { checkDistinctNames, checkReturnValues, readTableName } from '../rules.ts';
import { getItem, itemPosition } from '../store.ts';
import { chargeRead } from '../throttle.ts';
import {
  capacityMember,
  measureCollection,
  shapeCapacity,
  wantsCapacity,
} from './consumed-capacity.ts';
import {
  checkParameterMix,
  wireItem,
  wireStored,
  withPlaceholders,
  type PlaceholderInput,
  type WireItem,
} from './expression-input.ts';
import { requireTable } from './require-table.ts';
import { checkIntent, readDelete, readKey, readPut, readUpdateIntent } from './write-intent.ts';

export interface ProjectionInput extends PlaceholderInput {
  readonly ProjectionExpression?: string | undefined;
  readonly AttributesToGet?: string[] | undefined;
}

/** The paths a read asks for; undefined for all. */
export function readWantedPaths(input: ProjectionInput): readonly Path[] | undefined {
  const { ProjectionExpression, AttributesToGet } = input;
  checkParameterMix(input, { ProjectionExpression }, { AttributesToGet });
  if (AttributesToGet !== undefined) checkDistinctNames(AttributesToGet);
  return withPlaceholders(input, (placeholders) =>
    ProjectionExpression === undefined
      ? AttributesToGet?.map((name) => [name])
      : readProjection(ProjectionExpression, placeholders),
  );
}

export async function getItemOperation(
  input: InputOf<'dynamodb', 'GetItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'GetItem'>> {
  const name = readTableName(input.TableName, ctx);
  const paths = readWantedPaths(input);
  const key = readKey(input.Key);
  const found = await ctx.store.read(async (view) => {
    const table = await requireTable(view, ctx, name);
    checkKey(table.definition, key);
    if (paths !== undefined) checkScalarPaths(table.definition, paths);
    const consistent = input.ConsistentRead === true;
    const seen =
      table.definition.readLagMs === undefined
        ? view
        : await laggedView(view, ctx, { table, consistent });
    const read = await getItem(seen, table, itemPosition(table.definition, key));
    chargeRead(ctx, table.definition, { bytes: read?.size ?? 0, consistent });
    return read;
  });
  const output = found === undefined ? {} : { Item: wireProjected(found, paths, ctx) };
  if (!wantsCapacity(input.ReturnConsumedCapacity)) return output;
  const units = readUnits(found?.size ?? 0, input.ConsistentRead === true);
  const consumed = { ...NOTHING_CONSUMED, table: units };
  const capacity = shapeCapacity(input.ReturnConsumedCapacity, { tableName: name, consumed });
  return { ...output, ...capacityMember(capacity) };
}

/** An item, or the parts of it that were asked for. */
function wireProjected(
  found: SizedItem,
  paths: readonly Path[] | undefined,
  ctx: RequestContext,
): WireItem {
  if (paths === undefined) return wireStored(found, ctx);
  return wireItem(projectItem(planProjection(paths), found.item));
}

type SingleWriteInput = Pick<
  InputOf<'dynamodb', 'UpdateItem'>,
  'ReturnConsumedCapacity' | 'ReturnItemCollectionMetrics' | 'ReturnValues'
>;

interface WriteResult {
  readonly outcome: WriteOutcome;
  readonly members: Pick<
    OutputOf<'dynamodb', 'PutItem'>,
    'ConsumedCapacity' | 'ItemCollectionMetrics'
  >;
}

/** Writes one item and shapes what the three operations answer alike. */
async function writeOne(
  input: SingleWriteInput,
  ctx: RequestContext,
  { name, intent }: { readonly name: string; readonly intent: WriteIntent },
): Promise<WriteResult> {
  const needsBefore =
    wantsCapacity(input.ReturnConsumedCapacity) ||
    (input.ReturnValues !== undefined && input.ReturnValues !== 'NONE');
  return ctx.store.transact(async (tx) => {
    const table = await requireTable(tx, ctx, name);
    checkIntent(table.definition, intent);
    const outcome = await resolveWrite(tx, table, { intent, needsBefore });
    const consumed: Consumption = await commitWrite(tx, ctx, { table, outcome });
    const capacity = shapeCapacity(input.ReturnConsumedCapacity, { tableName: name, consumed });
    const key = intent.kind === 'put' ? intent.item.item : intent.key;
    const metrics =
      input.ReturnItemCollectionMetrics === 'SIZE'
        ? await measureCollection(tx, table, key)
        : undefined;
    const members = {
      ...capacityMember(capacity),
      ...(metrics === undefined ? {} : { ItemCollectionMetrics: metrics }),
    };
    return { outcome, members };
  });
}

export async function putItem(
  input: InputOf<'dynamodb', 'PutItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'PutItem'>> {
  const name = readTableName(input.TableName, ctx);
  const intent = readPut(input, () => checkReturnValues(input.ReturnValues));
  const { outcome, members } = await writeOne(input, ctx, { name, intent });
  return { ...oldAttributes(input.ReturnValues, outcome, ctx), ...members };
}

export async function deleteItem(
  input: InputOf<'dynamodb', 'DeleteItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DeleteItem'>> {
  const name = readTableName(input.TableName, ctx);
  const intent = readDelete(input, () => checkReturnValues(input.ReturnValues));
  const { outcome, members } = await writeOne(input, ctx, { name, intent });
  return { ...oldAttributes(input.ReturnValues, outcome, ctx), ...members };
}

function oldAttributes(
  returnValues: string | undefined,
  { before }: WriteOutcome,
  ctx: RequestContext,
): Pick<OutputOf<'dynamodb', 'PutItem'>, 'Attributes'> {
  return returnValues === 'ALL_OLD' && before !== undefined
    ? { Attributes: wireStored(before, ctx) }
    : {};
}

export async function updateItem(
  input: InputOf<'dynamodb', 'UpdateItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateItem'>> {
  const name = readTableName(input.TableName, ctx);
  const intent = readUpdateIntent(input, { countsActions: true });
  const { outcome, members } = await writeOne(input, ctx, { name, intent });
  const paths = intent.actions.map((action) => action.path);
  const attributes = updatedAttributes(input.ReturnValues, outcome, paths);
  return { ...(attributes === undefined ? {} : { Attributes: wireItem(attributes) }), ...members };
}

function updatedAttributes(
  returnValues: string | undefined,
  { before, after }: WriteOutcome,
  paths: readonly Path[],
): Item | undefined {
  if (returnValues === 'ALL_OLD') return before?.item;
  if (returnValues === 'ALL_NEW') return after?.item;
  if (returnValues === 'UPDATED_OLD') return projectUpdated(paths, before?.item);
  if (returnValues === 'UPDATED_NEW') return projectUpdated(paths, after?.item);
  return undefined;
}

/** AWS: leaves the member out when none of the updated attributes is there. */
function projectUpdated(paths: readonly Path[], item: Item | undefined): Item | undefined {
  if (item === undefined) return undefined;
  const projected = projectItem(planProjection(paths), item);
  return Object.keys(projected).length === 0 ? undefined : projected;
}
