// Carries a stack operation through its phases, in the background and across restarts.
import { assert } from '../../base/errors.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { TemplateError } from '../../kernel/templates.ts';
import type {
  ApplyOutcome,
  ResourceAction,
  RunOutcome,
  StackOutput,
} from '../../kernel/templates.ts';
import { NOTIFY, logStackEvent, publishEvent } from './events.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { ROWS_MAX } from './limits.ts';
import { identityOf, openRun } from './stack-run.ts';
import type { StackStatus } from './status.ts';
import {
  cancellations,
  changeSets,
  exports,
  findStack,
  importersOf,
  listExports,
  putStack,
  replaceExports,
  replaceImports,
  resources,
} from './store.ts';
import type { Phase, StackOperation, StackRow } from './store.ts';

export const RUN = 'cloudformation/run';

export interface RunPayload {
  readonly stackId: string;
  readonly operationId: string;
}

export const workers: Readonly<Record<string, TimerWorker>> = {
  [RUN]: runOperation,
  [NOTIFY]: publishEvent,
};

/** Each phase ends with a transaction that names the next, so a crash repeats at most one phase. */
async function runOperation(payload: unknown, context: WorkContext): Promise<void> {
  const { stackId, operationId } = payload as RunPayload;
  for (;;) {
    const stack = await context.store.read((view) => findStack(view, context, stackId));
    const operation = stack?.operation;
    if (stack === undefined || operation?.id !== operationId || operation.phase === 'stopped')
      return;
    await PHASES[operation.phase](context, stack, operation);
  }
}

type Step = (context: WorkContext, stack: StackRow, operation: StackOperation) => Promise<void>;

const PHASES: Readonly<Record<Exclude<Phase, 'stopped'>, Step>> = {
  apply,
  cleanup: (context, stack, operation) =>
    cleanUp(context, stack, { operation, status: 'UPDATE_COMPLETE' }),
  undo,
  'undo-cleanup': (context, stack, operation) =>
    cleanUp(context, stack, { operation, status: 'UPDATE_ROLLBACK_COMPLETE' }),
  remove,
};

async function apply(
  context: WorkContext,
  stack: StackRow,
  operation: StackOperation,
): Promise<void> {
  const { target, kind } = operation;
  const run = await openRun(context, stack, operation);
  let outcome: ApplyOutcome;
  let imported: readonly string[] = [];
  try {
    const prepared = context.ports.templates.prepare(
      { body: target.processedBody, parameters: target.given },
      identityOf(context, stack, target.notificationArns),
    );
    outcome = await prepared.apply(run);
    if (outcome.ok) imported = prepared.imports(await openRun(context, stack, operation));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return failed(context, { stack, operation, reason: error.message });
  }
  if (!outcome.ok)
    return failed(context, { stack, operation, reason: explainFailure(outcome, kind) });
  const { outputs } = outcome;
  const conflict = await finish(context, { stack, operation, outputs, imported });
  if (conflict !== undefined) await failed(context, { stack, operation, reason: conflict });
}

interface Finished {
  readonly stack: StackRow;
  readonly operation: StackOperation;
  readonly outputs: readonly StackOutput[];
  readonly imported: readonly string[];
}

/** Puts the new template in force. Returns why it cannot be. */
async function finish(
  context: WorkContext,
  { stack, operation, outputs, imported }: Finished,
): Promise<string | undefined> {
  const { target, kind } = operation;
  return context.store.transact(async (tx) => {
    const conflict = await findExportConflict(tx, context, { stack, wanted: outputs });
    if (conflict !== undefined) return conflict;
    await replaceExports(tx, context, { stack, wanted: outputs });
    await replaceImports(tx, context, { stack, wanted: imported });
    const latest = (await findStack(tx, context, stack.stackId)) ?? stack;
    const next = { ...withoutOperation(latest), target, outputs };
    if (latest.operation?.deleteAfter === true) {
      write(tx, context, startRemoval(next, latest.operation));
    } else if (kind === 'create') {
      await closeChangeSet(tx, context, { stack: latest, executionStatus: 'EXECUTE_COMPLETE' });
      write(tx, context, { ...next, status: 'CREATE_COMPLETE' });
    } else {
      await closeChangeSet(tx, context, { stack: latest, executionStatus: 'EXECUTE_COMPLETE' });
      const status = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS';
      write(tx, context, { ...next, status, operation: { ...operation, phase: 'cleanup' } });
    }
    return undefined;
  });
}

type View = Parameters<typeof findStack>[0];
type Transaction = Parameters<typeof putStack>[0];

async function findExportConflict(
  view: View,
  context: WorkContext,
  { stack, wanted }: { readonly stack: StackRow; readonly wanted: readonly StackOutput[] },
): Promise<string | undefined> {
  const own = new Map<string, string | undefined>();
  for (const { exportName: name, value } of wanted) {
    if (name === undefined) continue;
    if (own.has(name))
      return `Export with name ${name} is already exported by stack ${stack.stackName}`;
    own.set(name, value);
    const holder = await exports.get(view, [context.account, context.region, name]);
    if (holder !== undefined && holder.stackId !== stack.stackId) {
      return `Export with name ${name} is already exported by stack ${holder.stackName}`;
    }
  }
  for (const { name, value, stackId } of await listExports(view, context)) {
    if (stackId !== stack.stackId || own.get(name) === value) continue;
    const [importer] = await importersOf(view, context, name);
    if (importer === undefined) continue;
    const verb = own.has(name) ? 'updated' : 'deleted';
    return `Export ${name} cannot be ${verb} as it is in use by ${importer}`;
  }
  return undefined;
}

async function closeChangeSet(
  tx: Transaction,
  context: WorkContext,
  {
    stack,
    executionStatus,
  }: { stack: StackRow; executionStatus: 'EXECUTE_COMPLETE' | 'EXECUTE_FAILED' },
): Promise<void> {
  const id = stack.operation?.changeSetId;
  if (id === undefined) return;
  const prefix = [context.account, context.region, stack.stackId];
  for (const { key, value } of await changeSets.list(tx, prefix, { limit: ROWS_MAX })) {
    if (value.changeSetId === id) changeSets.put(tx, key, { ...value, executionStatus });
  }
}

function withoutOperation(stack: StackRow): StackRow {
  const { operation: _operation, statusReason: _reason, ...rest } = stack;
  return rest;
}

/** Keeps the stack's new state and logs it. */
export function write(tx: Transaction, context: WorkContext, stack: StackRow): void {
  putStack(tx, context, stack);
  logStackEvent(tx, context, stack);
}

function startRemoval(stack: StackRow, operation: StackOperation): StackRow {
  const { deleteAfter: _after, deadlineMs: _deadline, ...rest } = operation;
  return {
    ...stack,
    status: 'DELETE_IN_PROGRESS',
    operation: { ...rest, kind: 'delete', phase: 'remove' },
  };
}

const VERBS: Readonly<Record<ResourceAction, string>> = {
  CREATE: 'create',
  UPDATE: 'update',
  DELETE: 'delete',
};

// AWS: `The following resource(s) failed to create: [A, B]. `
function explainFailure(
  outcome: Extract<RunOutcome, { ok: false }>,
  kind: StackOperation['kind'],
): string {
  if (outcome.cancelled && outcome.failed.length === 0) {
    return kind === 'create'
      ? 'Stack creation time exceeded the specified timeout'
      : 'User Initiated';
  }
  const byAction = new Map<ResourceAction, string[]>();
  for (const { action, logicalId } of outcome.failed) {
    byAction.set(action, [...(byAction.get(action) ?? []), logicalId]);
  }
  return [...byAction]
    .map(
      ([action, names]) =>
        `The following resource(s) failed to ${VERBS[action]}: [${names.join(', ')}]. `,
    )
    .join('');
}

interface Failure {
  readonly stack: StackRow;
  readonly operation: StackOperation;
  readonly reason: string;
}

/** What follows a failed `apply`: roll back, delete, or stop and wait. */
async function failed(context: WorkContext, { stack, operation, reason }: Failure): Promise<void> {
  const { kind, onFailure } = operation;
  await context.store.transact(async (tx) => {
    const latest = (await findStack(tx, context, stack.stackId)) ?? stack;
    const base = { ...withoutOperation(latest), failure: reason };
    await closeChangeSet(tx, context, { stack: latest, executionStatus: 'EXECUTE_FAILED' });
    cancellations.delete(tx, [context.account, context.region, stack.stackId]);
    if (latest.operation?.deleteAfter === true) {
      return write(tx, context, startRemoval(base, latest.operation));
    }
    if (onFailure === 'DO_NOTHING') {
      const status = kind === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED';
      return write(tx, context, {
        ...base,
        status,
        statusReason: reason,
        operation: { ...operation, phase: 'stopped' },
      });
    }
    if (onFailure === 'DELETE' && kind === 'create') {
      return write(tx, context, {
        ...startRemoval(base, operation),
        statusReason: `${reason}Delete requested by user.`,
      });
    }
    const status = kind === 'create' ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS';
    const requested =
      kind === 'create' && reason.endsWith('. ') ? 'Rollback requested by user.' : '';
    write(tx, context, {
      ...base,
      status,
      statusReason: `${reason}${requested}`,
      operation: { ...operation, phase: 'undo' },
    });
  });
}

async function undo(
  context: WorkContext,
  stack: StackRow,
  operation: StackOperation,
): Promise<void> {
  const engine = context.ports.templates;
  const run = await openRun(context, stack, operation);
  const outcome = await engine.undo(run);
  const isCreate = operation.kind === 'create';
  if (!outcome.ok) {
    const status = isCreate ? 'ROLLBACK_FAILED' : 'UPDATE_ROLLBACK_FAILED';
    return stop(context, {
      stack,
      operation,
      status,
      reason: explainFailure(outcome, operation.kind),
    });
  }
  if (!isCreate) {
    return proceed(context, stack, {
      status: 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
      operation: { ...operation, phase: 'undo-cleanup' },
    });
  }
  const removal = await engine.remove(await openRun(context, stack, operation), {
    scope: 'everything',
  });
  if (!removal.ok) {
    const reason = explainFailure(removal, 'delete');
    return stop(context, { stack, operation, status: 'ROLLBACK_FAILED', reason });
  }
  return proceed(context, stack, { status: 'ROLLBACK_COMPLETE' });
}

async function cleanUp(
  context: WorkContext,
  stack: StackRow,
  { operation, status }: { readonly operation: StackOperation; readonly status: StackStatus },
): Promise<void> {
  await context.ports.templates.remove(await openRun(context, stack, operation), {
    scope: 'left-behind',
  });
  await proceed(context, stack, { status });
}

async function remove(
  context: WorkContext,
  stack: StackRow,
  operation: StackOperation,
): Promise<void> {
  const inUse = await context.store.read((view) =>
    findExportConflict(view, context, { stack, wanted: [] }),
  );
  if (inUse !== undefined)
    return stop(context, { stack, operation, status: 'DELETE_FAILED', reason: inUse });
  const { retain = [], force } = operation;
  const run = await openRun(context, stack, operation);
  let outcome = await context.ports.templates.remove(run, { scope: 'everything', retain });
  if (!outcome.ok && force === true) {
    const left = outcome.failed.map(({ logicalId }) => logicalId);
    const again = await openRun(context, stack, operation);
    outcome = await context.ports.templates.remove(again, {
      scope: 'everything',
      retain: [...retain, ...left],
    });
  }
  if (!outcome.ok) {
    const reason = explainFailure(outcome, 'delete');
    return stop(context, { stack, operation, status: 'DELETE_FAILED', reason });
  }
  await context.store.transact(async (tx) => {
    await replaceExports(tx, context, { stack, wanted: [] });
    await replaceImports(tx, context, { stack, wanted: [] });
    const { account, region } = context;
    for (const { key } of await changeSets.list(tx, [account, region, stack.stackId], {
      limit: ROWS_MAX,
    })) {
      changeSets.delete(tx, key);
    }
    cancellations.delete(tx, [account, region, stack.stackId]);
    const gone = { ...withoutOperation(stack), deletedMs: context.clock.now() };
    write(tx, context, { ...gone, status: 'DELETE_COMPLETE', outputs: [] });
  });
}

/** The operation is over, or goes on in its next phase. */
async function proceed(
  context: WorkContext,
  stack: StackRow,
  next: { readonly status: StackStatus; readonly operation?: StackOperation },
): Promise<void> {
  await context.store.transact(async (tx) => {
    const latest = (await findStack(tx, context, stack.stackId)) ?? stack;
    cancellations.delete(tx, [context.account, context.region, stack.stackId]);
    write(tx, context, { ...withoutOperation(latest), ...next });
  });
}

interface Stopped extends Failure {
  readonly status: StackStatus;
}

/** The operation cannot go on by itself; it is kept for ContinueUpdateRollback and RollbackStack. */
async function stop(
  context: WorkContext,
  { stack, operation, status, reason }: Stopped,
): Promise<void> {
  assert(operation.phase !== 'stopped', 'a stopped operation does not run');
  await context.store.transact(async (tx) => {
    const latest = (await findStack(tx, context, stack.stackId)) ?? stack;
    write(tx, context, {
      ...withoutOperation(latest),
      status,
      statusReason: reason,
      operation: { ...operation, phase: 'stopped' },
    });
  });
}

/** Marks resources as settled without reverting them (`ResourcesToSkip`). */
export async function skipRevert(
  tx: Transaction,
  context: WorkContext,
  { stackId, logicalIds }: { readonly stackId: string; readonly logicalIds: readonly string[] },
): Promise<void> {
  for (const logicalId of logicalIds) {
    const key = [context.account, context.region, stackId, logicalId];
    const row = await resources.get(tx, key);
    if (row === undefined) continue;
    const { change: _change, statusReason: _reason, ...record } = row.record;
    resources.put(tx, key, {
      record: { ...record, status: 'UPDATE_COMPLETE' },
      updatedMs: context.clock.now(),
    });
  }
}
