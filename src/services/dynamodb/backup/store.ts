// The state of backups: which there are and where their items lie.
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { Scope } from '../../../kernel/context.ts';
import { table } from '../../../kernel/table.ts';
import type { TableDefinition } from '../table-definition.ts';
import type { PastTable } from './history.ts';

/** Notified when a backup or a restored table is ready. */
export const BACKUP_TOPIC = 'dynamodb/backup';

/** Where the items are. */
export type BackupContent =
  /** Still to be copied from the table. */
  | { readonly kind: 'pending'; readonly past: PastTable }
  /** In a blob, see backup-content.ts. */
  | { readonly kind: 'blob'; readonly id: string; readonly sizeBytes: number }
  /** In the rows of a table that was deleted: they are kept instead of copied. */
  | { readonly kind: 'rows' };

export interface BackupRecord extends Scope {
  /** Sorts by time. */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly type: 'USER' | 'SYSTEM';
  readonly createdMs: number;
  readonly expiresMs?: number;
  /** The table as it was. */
  readonly source: TableDefinition;
  readonly content: BackupContent;
  readonly itemCount: number;
  readonly itemBytes: number;
  /** Tables that are being restored from it. */
  readonly restores: number;
}

/** Keyed [account, region, id]. */
const backups = table<BackupRecord>('dynamodb/backup');

export async function loadBackup(
  view: ReadTx,
  { account, region }: Scope,
  id: string,
): Promise<BackupRecord | undefined> {
  return backups.get(view, [account, region, id]);
}

export function saveBackup(tx: Tx, backup: BackupRecord): void {
  backups.put(tx, [backup.account, backup.region, backup.id], backup);
}

export function deleteBackup(tx: Tx, { account, region, id }: BackupRecord): void {
  backups.delete(tx, [account, region, id]);
}

/** Backups by time, strictly after the one with the id `after`. */
export async function listBackupPage(
  view: ReadTx,
  { account, region }: Scope,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<BackupRecord[]> {
  const prefix = [account, region];
  const rows = await backups.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  return rows.map(({ value }) => value);
}
