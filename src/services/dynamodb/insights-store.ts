// Which tables and indexes have contributor insights enabled.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';

export interface InsightsRecord {
  readonly tableName: string;
  /** Empty for the table itself. */
  readonly indexName: string;
  readonly enabled: boolean;
  readonly mode: 'ACCESSED_AND_THROTTLED_KEYS' | 'THROTTLED_KEYS';
  readonly changedMs: number;
}

/** Keyed [account, region, table name, index name or nothing]. */
const insights = table<InsightsRecord>('dynamodb/insights');

type Place = Pick<InsightsRecord, 'tableName' | 'indexName'>;

export async function loadInsights(
  view: ReadTx,
  { account, region }: Scope,
  { tableName, indexName }: Place,
): Promise<InsightsRecord | undefined> {
  return insights.get(view, [account, region, tableName, indexName]);
}

export function saveInsights(tx: Tx, { account, region }: Scope, record: InsightsRecord): void {
  insights.put(tx, [account, region, record.tableName, record.indexName], record);
}

export function deleteInsights(
  tx: Tx,
  { account, region }: Scope,
  { tableName, indexName }: Place,
): void {
  insights.delete(tx, [account, region, tableName, indexName]);
}

/** By table and index, of one table or of all, strictly after `after`. */
export async function listInsights(
  view: ReadTx,
  { account, region }: Scope,
  options: {
    readonly tableName: string | undefined;
    readonly after: Place | undefined;
    readonly limit: number;
  },
): Promise<InsightsRecord[]> {
  const { tableName, after, limit } = options;
  const here = [account, region];
  const rows = await insights.list(view, tableName === undefined ? here : [...here, tableName], {
    limit,
    ...(after === undefined ? {} : { after: [...here, after.tableName, after.indexName] }),
  });
  return rows.map(({ value }) => value).filter((row) => (tableName ?? row.tableName) === row.tableName);
}
