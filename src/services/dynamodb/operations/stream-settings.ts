// The stream part of CreateTable and UpdateTable.
import type { StreamSpecification } from '@aws-sdk/client-dynamodb';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter } from '../errors.ts';
import { closeStream, openStream } from '../streams/life-cycle.ts';
import type { StreamViewType, TableDefinition } from '../table-definition.ts';

/** What a new table's stream shows; undefined when it has none. */
export function readNewStream(
  specification: StreamSpecification | undefined,
): StreamViewType | undefined {
  if (specification === undefined) return undefined;
  const { StreamEnabled: enabled, StreamViewType: viewType } = specification;
  if (enabled === true && viewType === undefined) {
    throw invalidParameter(
      'Table is being created with a stream enabled, UpdateViewType is required',
    );
  }
  if (enabled !== true && viewType !== undefined) {
    throw invalidParameter(
      'Table is being created with a stream disabled, UpdateViewType should not be specified',
    );
  }
  return viewType;
}

type UpdateInput = InputOf<'dynamodb', 'UpdateTable'>;

/** AWS: refuses to change the stream together with throughput or the set of indexes. */
export function checkStreamAlone(input: UpdateInput): void {
  if (input.StreamSpecification === undefined) return;
  if (input.ProvisionedThroughput !== undefined) {
    throw invalidParameter('You cannot modify stream status while updating table IOPS');
  }
  const reshaped = input.GlobalSecondaryIndexUpdates?.some(
    ({ Create, Delete }) => Create !== undefined || Delete !== undefined,
  );
  if (reshaped === true) {
    throw invalidParameter('You cannot create or delete index while changing stream status');
  }
}

/**
 * The table with its stream as UpdateTable wants it. AWS: the view type of a stream never changes;
 * the messages are recorded, scylladb/scylladb#6939.
 */
export async function changeStream(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    wanted,
  }: { readonly table: TableDefinition; readonly wanted: StreamSpecification | undefined },
): Promise<TableDefinition> {
  if (wanted === undefined) return table;
  const { StreamEnabled: enabled, StreamViewType: viewType } = wanted;
  if (enabled !== true) {
    if (viewType !== undefined) {
      throw invalidParameter(
        'If stream is being disabled, then UpdateViewType must not be specified',
      );
    }
    if (table.replication !== undefined) {
      throw invalidParameter('Disabling Stream is not allowed for a Global Table replica.');
    }
    if (table.stream === undefined) {
      throw invalid(`Table has no stream to disable: TableName: ${table.name}`);
    }
    return closeStream(tx, ctx, table);
  }
  if (viewType === undefined) {
    throw invalidParameter('If stream is being enabled then UpdateViewType is required');
  }
  if (table.stream !== undefined) {
    throw invalid(`Table already has an enabled stream: TableName: ${table.name}`);
  }
  return openStream(tx, ctx, { table, viewType });
}
