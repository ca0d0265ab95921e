// Kinesis streaming destinations, of which there can be none yet: what AWS answers for such tables.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalid } from '../errors.ts';
import { readTableName } from '../rules.ts';
import { requireNamedTable } from './require-table.ts';

const NOT_VALID = 'Table is not in a valid state to enable Kinesis Streaming Destination:';

export async function describeKinesisStreamingDestination(
  input: InputOf<'dynamodb', 'DescribeKinesisStreamingDestination'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeKinesisStreamingDestination'>> {
  const name = readTableName(input.TableName, ctx);
  await ctx.store.read((view) => requireNamedTable(view, ctx, name));
  return { TableName: name, KinesisDataStreamDestinations: [] };
}

/** AWS: a destination that was never enabled is one that is not active. DDB-TABLE-302 */
export async function disableKinesisStreamingDestination(
  input: InputOf<'dynamodb', 'DisableKinesisStreamingDestination'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DisableKinesisStreamingDestination'>> {
  const name = readTableName(input.TableName, ctx);
  await ctx.store.read((view) => requireNamedTable(view, ctx, name));
  throw invalid(
    `${NOT_VALID} KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.`,
  );
}

export async function updateKinesisStreamingDestination(
  input: InputOf<'dynamodb', 'UpdateKinesisStreamingDestination'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateKinesisStreamingDestination'>> {
  const name = readTableName(input.TableName, ctx);
  await ctx.store.read((view) => requireNamedTable(view, ctx, name));
  throw invalid(
    `${NOT_VALID} Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: ${name}, kdsArn: ${input.StreamArn ?? ''}`,
  );
}
