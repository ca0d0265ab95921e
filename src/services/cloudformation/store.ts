// What CloudFormation keeps: stacks, their resources and events, change sets, exports and who imports them.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { Principal, Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';
import type {
  BoundParameter,
  PlannedChange,
  ResourceRecord,
  StackOutput,
} from '../../kernel/templates.ts';
import { ROWS_MAX } from './limits.ts';
import type { StackStatus } from './status.ts';

/** What a stack is asked to become; in force once an operation has succeeded. */
export interface StackTarget {
  readonly body: string;
  readonly processedBody: string;
  readonly description?: string;
  /** As given; a retry binds them again. */
  readonly given: Readonly<Record<string, string>>;
  readonly parameters: readonly BoundParameter[];
  readonly capabilities: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly notificationArns: readonly string[];
  readonly roleArn?: string;
}

export type OnFailure = 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';

/** Which step of an operation runs, or is to run after a crash. */
export type Phase = 'apply' | 'cleanup' | 'undo' | 'undo-cleanup' | 'remove' | 'stopped';

export interface StackOperation {
  readonly id: string;
  readonly kind: 'create' | 'update' | 'delete';
  readonly phase: Phase;
  readonly target: StackTarget;
  readonly onFailure: OnFailure;
  /** Who asked: the resources are made in its name. */
  readonly principal: Principal;
  readonly clientRequestToken?: string;
  readonly deadlineMs?: number;
  readonly retain?: readonly string[];
  /** `DeletionMode` FORCE_DELETE_STACK: what cannot be deleted is left behind. */
  readonly force?: boolean;
  /** DeleteStack came while the stack was being created. */
  readonly deleteAfter?: boolean;
  readonly changeSetId?: string;
}

export interface StackRow {
  readonly stackId: string;
  readonly stackName: string;
  readonly status: StackStatus;
  readonly statusReason?: string;
  /** Why the latest operation failed; stays when the rollback is over. */
  readonly failure?: string;
  readonly createdMs: number;
  readonly updatedMs?: number;
  readonly deletedMs?: number;
  /** In force, or on its way with the first creation. Absent while only a change set exists. */
  readonly target?: StackTarget;
  readonly outputs: readonly StackOutput[];
  readonly onFailure: OnFailure;
  readonly timeoutMinutes?: number;
  readonly terminationProtection: boolean;
  readonly changeSetId?: string;
  readonly parentId?: string;
  readonly rootId?: string;
  /** Running, or stopped half-way and open to RollbackStack and ContinueUpdateRollback. */
  readonly operation?: StackOperation;
}

export interface ResourceRow {
  readonly record: ResourceRecord;
  readonly updatedMs: number;
}

export interface EventRow {
  readonly eventId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly timestampMs: number;
  readonly status: string;
  readonly statusReason?: string;
  readonly properties?: string;
  readonly clientRequestToken?: string;
}

export interface ChangeSetRow {
  readonly changeSetId: string;
  readonly changeSetName: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly kind: 'CREATE' | 'UPDATE';
  readonly createdMs: number;
  readonly description?: string;
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly executionStatus:
    'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_IN_PROGRESS' | 'EXECUTE_COMPLETE' | 'EXECUTE_FAILED';
  readonly statusReason?: string;
  readonly target: StackTarget;
  readonly changes: readonly PlannedChange[];
  readonly onFailure?: OnFailure;
}

export interface ExportRow {
  readonly name: string;
  readonly value: string;
  readonly stackId: string;
  readonly stackName: string;
}

/** An answer awaited from outside; `body` once it was put to its URL. */
interface ResponseRow {
  readonly body?: string;
}

/** Keyed `[account, region, stackId]`. */
const stacks = table<StackRow>('cloudformation/stack');
/** Keyed `[account, region, stackName]`: the stack of that name that is not deleted. */
const names = table<{ readonly stackId: string }>('cloudformation/stack-name');
/** Keyed `[account, region, stackId, logicalId]`. */
const resources = table<ResourceRow>('cloudformation/resource');
/** Keyed `[account, region, stackId, sequence]`. */
const events = table<EventRow>('cloudformation/event');
/** Keyed `[account, region, stackId, changeSetName]`. */
const changeSets = table<ChangeSetRow>('cloudformation/change-set');
/** Keyed `[account, region, name]`. */
const exports = table<ExportRow>('cloudformation/export');
/** Keyed `[account, region, export name, stackId]`. */
const imports = table<{ readonly stackName: string }>('cloudformation/import');
/** Keyed `[account, region, stackId]`: the operation that is to stop. Apart, as it is read at every step. */
const cancellations = table<{ readonly operationId: string }>('cloudformation/cancellation');

/** Keyed `[account, region, token]`. */
const responses = table<ResponseRow>('cloudformation/response');

export { cancellations, changeSets, events, exports, resources, responses };

/** Wakes whoever waits for an answer from outside. */
export function responseTopic(token: string): string {
  return `cloudformation/response/${token}`;
}

/** Wakes whoever waits for a stack to settle. */
export function stackTopic(stackId: string): string {
  return `cloudformation/stack/${stackId}`;
}

/** By name (the one not deleted) or by id (deleted ones too). */
export async function findStack(
  view: ReadTx,
  scope: Scope,
  nameOrId: string,
): Promise<StackRow | undefined> {
  const { account, region } = scope;
  const stackId = nameOrId.startsWith('arn:')
    ? nameOrId
    : (await names.get(view, [account, region, nameOrId]))?.stackId;
  return stackId === undefined ? undefined : stacks.get(view, [account, region, stackId]);
}

/** Newest first. */
export async function listStacks(view: ReadTx, { account, region }: Scope): Promise<StackRow[]> {
  const rows = await stacks.list(view, [account, region], { limit: ROWS_MAX });
  return rows
    .map((row) => row.value)
    .toSorted((a, b) => b.createdMs - a.createdMs || (a.stackId < b.stackId ? -1 : 1));
}

export function putStack(tx: Tx, { account, region }: Scope, row: StackRow): void {
  stacks.put(tx, [account, region, row.stackId], row);
  const name = [account, region, row.stackName];
  if (row.status === 'DELETE_COMPLETE') names.delete(tx, name);
  else names.put(tx, name, { stackId: row.stackId });
  tx.notify(stackTopic(row.stackId));
}

export async function listResources(
  view: ReadTx,
  scope: Scope,
  stackId: string,
): Promise<ResourceRow[]> {
  const rows = await resources.list(view, [scope.account, scope.region, stackId], {
    limit: ROWS_MAX,
  });
  return rows.map((row) => row.value);
}

export async function listExports(view: ReadTx, { account, region }: Scope): Promise<ExportRow[]> {
  return (await exports.list(view, [account, region], { limit: ROWS_MAX })).map((row) => row.value);
}

/** Names of the stacks that import an export, sorted. */
export async function importersOf(
  view: ReadTx,
  { account, region }: Scope,
  name: string,
): Promise<string[]> {
  const rows = await imports.list(view, [account, region, name], { limit: ROWS_MAX });
  return rows.map((row) => row.value.stackName).toSorted();
}

/** Makes `wanted` the exports of a stack, in place of those it had. */
export async function replaceExports(
  tx: Tx,
  scope: Scope,
  { stack, wanted }: { readonly stack: StackRow; readonly wanted: readonly StackOutput[] },
): Promise<void> {
  const { account, region } = scope;
  const { stackId, stackName } = stack;
  for (const row of await listExports(tx, scope)) {
    if (row.stackId === stackId) exports.delete(tx, [account, region, row.name]);
  }
  for (const { exportName: name, value } of wanted) {
    if (name === undefined || value === undefined) continue;
    exports.put(tx, [account, region, name], { name, value, stackId, stackName });
  }
}

/** Makes `wanted` the exports that a stack imports. */
export async function replaceImports(
  tx: Tx,
  { account, region }: Scope,
  { stack, wanted }: { readonly stack: StackRow; readonly wanted: readonly string[] },
): Promise<void> {
  for (const row of await imports.list(tx, [account, region], { limit: ROWS_MAX })) {
    const [, , name, stackId] = row.key;
    if (stackId === stack.stackId && name !== undefined) imports.delete(tx, row.key);
  }
  for (const name of wanted) {
    imports.put(tx, [account, region, name, stack.stackId], { stackName: stack.stackName });
  }
}
