// The state of resource-based policies.
import type { Key, ReadTx, Tx } from '../../../base/store.ts';
import { table } from '../../../kernel/table.ts';

/** A policy, or what is left of one that was deleted: its revision. */
export interface PolicyRecord {
  /** In its canonical form; absent once it was deleted. */
  readonly text?: string;
  /** Epoch ms of the change. */
  readonly revisionId: string;
}

/** Which resource of a table: the table itself or one of its streams. */
export interface PolicyPlace {
  /** [account, region, table id] */
  readonly prefix: Key;
  /** The stream's label; empty for the table. */
  readonly label: string;
}

/** Keyed [account, region, table id, stream label or nothing]. */
const policies = table<PolicyRecord>('dynamodb/policy');

export async function loadPolicy(
  view: ReadTx,
  { prefix, label }: PolicyPlace,
): Promise<PolicyRecord | undefined> {
  return policies.get(view, [...prefix, label]);
}

export function savePolicy(tx: Tx, { prefix, label }: PolicyPlace, policy: PolicyRecord): void {
  policies.put(tx, [...prefix, label], policy);
}

export function forgetPolicy(tx: Tx, { prefix, label }: PolicyPlace): void {
  policies.delete(tx, [...prefix, label]);
}
