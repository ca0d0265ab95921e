// The state of exports and imports: jobs by their ids, and the client tokens that stand for them.
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { Principal, Scope } from '../../../kernel/context.ts';
import { table } from '../../../kernel/table.ts';
import type { PastTable } from '../backup/history.ts';

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** What exports and imports have in common. */
interface Job extends Scope {
  /** Sorts by time. */
  readonly id: string;
  readonly arn: string;
  readonly tableArn: string;
  readonly tableId: string;
  readonly clientToken: string | undefined;
  /** Tells the request from others with the same token. */
  readonly requestDigest: string;
  /** Who asked for it, and so reads or writes the bucket. */
  readonly principal: Principal;
  readonly startMs: number;
  readonly endMs?: number;
  readonly failure?: Failure;
}

export interface ExportRecord extends Job {
  readonly past: PastTable;
  readonly exportMs: number;
  /** Key attributes of the table, partition first. */
  readonly keyNames: readonly string[];
  readonly format: 'DYNAMODB_JSON' | 'ION';
  /** As the request had it; absent for a full export that did not say so. */
  readonly type?: 'FULL_EXPORT' | 'INCREMENTAL_EXPORT';
  readonly window?: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly view: 'NEW_IMAGE' | 'NEW_AND_OLD_IMAGES';
  };
  readonly bucket: string;
  readonly bucketOwner?: string;
  readonly prefix?: string;
  readonly encryption: 'AES256' | 'KMS';
  readonly encryptionKeyId?: string;
  readonly result?: {
    readonly manifestKey: string;
    readonly itemCount: number;
    readonly billedBytes: number;
  };
}

export interface ImportCounts {
  readonly processedBytes: number;
  readonly processedItems: number;
  readonly importedItems: number;
  readonly errors: number;
}

export interface ImportRecord extends Job {
  readonly bucket: string;
  readonly bucketOwner: string;
  readonly keyPrefix?: string;
  readonly format: 'DYNAMODB_JSON' | 'ION' | 'CSV';
  readonly compression: 'GZIP' | 'ZSTD' | 'NONE';
  readonly csv?: { readonly delimiter: string; readonly header?: readonly string[] };
  readonly tableName: string;
  /** TableCreationParameters as the request has them. */
  readonly parameters: unknown;
  readonly logGroupArn: string;
  readonly counts?: ImportCounts;
}

/** Keyed [account, region, id]. */
const exports = table<ExportRecord>('dynamodb/export');
/** Keyed [account, region, id]. */
const imports = table<ImportRecord>('dynamodb/import');
/** Keyed [account, region, kind, client token]: the job's id. */
const tokens = table<string>('dynamodb/transfer-token');

type Kind = 'export' | 'import';

export async function loadExport(
  view: ReadTx,
  { account, region }: Scope,
  id: string,
): Promise<ExportRecord | undefined> {
  return exports.get(view, [account, region, id]);
}

export function saveExport(tx: Tx, record: ExportRecord): void {
  exports.put(tx, [record.account, record.region, record.id], record);
}

export async function loadImport(
  view: ReadTx,
  { account, region }: Scope,
  id: string,
): Promise<ImportRecord | undefined> {
  return imports.get(view, [account, region, id]);
}

export function saveImport(tx: Tx, record: ImportRecord): void {
  imports.put(tx, [record.account, record.region, record.id], record);
}

export async function loadJobToken(
  view: ReadTx,
  { account, region }: Scope,
  { kind, token }: { readonly kind: Kind; readonly token: string },
): Promise<string | undefined> {
  return tokens.get(view, [account, region, kind, token]);
}

export function saveJobToken(
  tx: Tx,
  { account, region }: Scope,
  { kind, token, id }: { readonly kind: Kind; readonly token: string; readonly id: string },
): void {
  tokens.put(tx, [account, region, kind, token], id);
}

/** Forgets a job, and its token unless that stands for a later job by now. */
export async function forgetJob(
  tx: Tx,
  scope: Scope,
  { kind, id }: { readonly kind: Kind; readonly id: string },
): Promise<void> {
  const key = [scope.account, scope.region];
  const from = kind === 'export' ? exports : imports;
  const token = (await from.get(tx, [...key, id]))?.clientToken;
  from.delete(tx, [...key, id]);
  if (token === undefined) return;
  const current = await tokens.get(tx, [...key, kind, token]);
  if (current === id) tokens.delete(tx, [...key, kind, token]);
}

interface PageOptions {
  /** Start strictly before this id. */
  readonly before: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listExportPage(
  view: ReadTx,
  { account, region }: Scope,
  { before, limit }: PageOptions,
): Promise<ExportRecord[]> {
  const after = before === undefined ? {} : { after: [account, region, before] };
  const rows = await exports.list(view, [account, region], { limit, reverse: true, ...after });
  return rows.map(({ value }) => value);
}

/** Newest first. */
export async function listImportPage(
  view: ReadTx,
  { account, region }: Scope,
  { before, limit }: PageOptions,
): Promise<ImportRecord[]> {
  const after = before === undefined ? {} : { after: [account, region, before] };
  const rows = await imports.list(view, [account, region], { limit, reverse: true, ...after });
  return rows.map(({ value }) => value);
}
