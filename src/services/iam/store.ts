// The state of IAM: entities, policies, instance profiles. Global: keyed by account alone.
import type { Key, ReadTx, Tx } from '../../base/store.ts';
import type { Row, Table } from '../../kernel/table.ts';
import { table } from '../../kernel/table.ts';
import type { Entity, EntityKind, EntityTypes, Group, Role, User } from './entity.ts';
import { nameKey } from './entity.ts';
import type { ManagedPolicy } from './managed-policy.ts';

export interface InstanceProfile {
  readonly name: string;
  readonly path: string;
  /** `AIPA…` */
  readonly id: string;
  readonly arn: string;
  readonly createdAtMs: number;
  /** Name; an instance profile holds one role at most. */
  readonly role?: string;
  readonly tags: Entity['tags'];
}

/** All keyed `[account, nameKey]`. */
const roles = table<Role>('iam/role');
const users = table<User>('iam/user');
const groups = table<Group>('iam/group');
const policies = table<ManagedPolicy>('iam/policy');
const instanceProfiles = table<InstanceProfile>('iam/instance-profile');
/** Keyed `[account, policyArn, use, kind, nameKey]`: who carries a managed policy, or is bounded by it. */
const attachments = table<string>('iam/attachment');
/** Keyed `[account, accessKeyId]`: the name of the key's user. */
const keyOwners = table<string>('iam/access-key-owner');
/** Keyed `[account]`. */
const aliases = table<string>('iam/account-alias');
/** Keyed `[alias]`: aliases are unique in the cloud. */
const aliasOwners = table<string>('iam/alias-owner');
/** Keyed `[account, taskId]`. */
const deletionTasks = table<{ readonly roleArn: string }>('iam/deletion-task');

const ENTITIES = { role: roles, user: users, group: groups };
const SCAN_ITEMS = 500;

export async function getEntity<K extends EntityKind>(
  view: ReadTx,
  kind: K,
  { account, name }: { readonly account: string; readonly name: string },
): Promise<EntityTypes[K] | undefined> {
  // One table for each kind: the compiler does not see that the entry of `kind` holds its type.
  return (await ENTITIES[kind].get(view, [account, nameKey(name)])) as EntityTypes[K] | undefined;
}

export function putEntity<K extends EntityKind>(
  tx: Tx,
  kind: K,
  account: string,
  entity: EntityTypes[K],
): void {
  const key = [account, nameKey(entity.name)];
  if (kind === 'role') roles.put(tx, key, entity as Role);
  else if (kind === 'user') users.put(tx, key, entity as User);
  else groups.put(tx, key, entity as Group);
}

export function deleteEntity(tx: Tx, kind: EntityKind, account: string, name: string): void {
  ENTITIES[kind].delete(tx, [account, nameKey(name)]);
}

export type AttachmentUse = 'policy' | 'boundary';

export interface Attachment {
  readonly account: string;
  readonly policyArn: string;
  readonly use: AttachmentUse;
  readonly kind: EntityKind;
  readonly name: string;
}

function attachmentKey({ account, policyArn, use, kind, name }: Attachment): string[] {
  return [account, policyArn, use, kind, nameKey(name)];
}

export function putAttachment(tx: Tx, attachment: Attachment): void {
  attachments.put(tx, attachmentKey(attachment), attachment.name);
}

export function deleteAttachment(tx: Tx, attachment: Attachment): void {
  attachments.delete(tx, attachmentKey(attachment));
}

/** Names of the entities that use a policy so, by kind and name. */
export async function listAttachments(
  view: ReadTx,
  { account, policyArn, use }: Pick<Attachment, 'account' | 'policyArn' | 'use'>,
): Promise<{ kind: EntityKind; name: string }[]> {
  const rows = await scanAll<string>((after) =>
    attachments.list(view, [account, policyArn, use], { limit: SCAN_ITEMS, ...after }),
  );
  return rows.map((row) => ({ kind: row.key[3] as EntityKind, name: row.value }));
}

export interface PolicyUse {
  readonly attachments: number;
  readonly boundaries: number;
}

/** How often each policy in use is used in the account, by ARN. */
export async function countPolicyUses(
  view: ReadTx,
  account: string,
): Promise<Map<string, PolicyUse>> {
  const rows = await scanAll<string>((after) =>
    attachments.list(view, [account], { limit: SCAN_ITEMS, ...after }),
  );
  const uses = new Map<string, PolicyUse>();
  for (const { key } of rows) {
    const arn = String(key[1]);
    const before = uses.get(arn) ?? { attachments: 0, boundaries: 0 };
    uses.set(arn, {
      attachments: before.attachments + (key[2] === 'policy' ? 1 : 0),
      boundaries: before.boundaries + (key[2] === 'boundary' ? 1 : 0),
    });
  }
  return uses;
}

export function getPolicy(
  view: ReadTx,
  account: string,
  name: string,
): Promise<ManagedPolicy | undefined> {
  return policies.get(view, [account, nameKey(name)]);
}

export function putPolicy(tx: Tx, account: string, policy: ManagedPolicy): void {
  policies.put(tx, [account, nameKey(policy.name)], policy);
}

export function deletePolicy(tx: Tx, account: string, name: string): void {
  policies.delete(tx, [account, nameKey(name)]);
}

export function getInstanceProfile(
  view: ReadTx,
  account: string,
  name: string,
): Promise<InstanceProfile | undefined> {
  return instanceProfiles.get(view, [account, nameKey(name)]);
}

export function putInstanceProfile(tx: Tx, account: string, profile: InstanceProfile): void {
  instanceProfiles.put(tx, [account, nameKey(profile.name)], profile);
}

export function deleteInstanceProfile(tx: Tx, account: string, name: string): void {
  instanceProfiles.delete(tx, [account, nameKey(name)]);
}

export function listEntities<K extends EntityKind>(
  view: ReadTx,
  kind: K,
  account: string,
): Promise<EntityTypes[K][]> {
  return listValues(view, ENTITIES[kind] as unknown as Table<EntityTypes[K]>, account);
}

export function listPolicies(view: ReadTx, account: string): Promise<ManagedPolicy[]> {
  return listValues(view, policies, account);
}

export function listInstanceProfiles(view: ReadTx, account: string): Promise<InstanceProfile[]> {
  return listValues(view, instanceProfiles, account);
}

export async function findKeyOwner(
  view: ReadTx,
  account: string,
  keyId: string,
): Promise<string | undefined> {
  return keyOwners.get(view, [account, keyId]);
}

export function putKeyOwner(tx: Tx, account: string, keyId: string, userName: string): void {
  keyOwners.put(tx, [account, keyId], userName);
}

export function deleteKeyOwner(tx: Tx, account: string, keyId: string): void {
  keyOwners.delete(tx, [account, keyId]);
}

export function getAlias(view: ReadTx, account: string): Promise<string | undefined> {
  return aliases.get(view, [account]);
}

export function getAliasOwner(view: ReadTx, alias: string): Promise<string | undefined> {
  return aliasOwners.get(view, [alias]);
}

export function putAlias(tx: Tx, account: string, alias: string): void {
  aliases.put(tx, [account], alias);
  aliasOwners.put(tx, [alias], account);
}

export function deleteAlias(tx: Tx, account: string, alias: string): void {
  aliases.delete(tx, [account]);
  aliasOwners.delete(tx, [alias]);
}

export function putDeletionTask(tx: Tx, account: string, taskId: string, roleArn: string): void {
  deletionTasks.put(tx, [account, taskId], { roleArn });
}

export async function hasDeletionTask(
  view: ReadTx,
  account: string,
  taskId: string,
): Promise<boolean> {
  return (await deletionTasks.get(view, [account, taskId])) !== undefined;
}

async function listValues<T>(view: ReadTx, rows: Table<T>, account: string): Promise<T[]> {
  const found = await scanAll<T>((after) =>
    rows.list(view, [account], { limit: SCAN_ITEMS, ...after }),
  );
  return found.map((row) => row.value);
}

/** An account has at most some thousands of anything in IAM; lists filter and page in memory. */
async function scanAll<T>(list: (after: { after?: Key }) => Promise<Row<T>[]>): Promise<Row<T>[]> {
  const all: Row<T>[] = [];
  for (;;) {
    const last = all.at(-1);
    const batch = await list(last === undefined ? {} : { after: last.key });
    all.push(...batch);
    if (batch.length < SCAN_ITEMS) return all;
  }
}
