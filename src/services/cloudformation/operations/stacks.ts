// CreateStack, UpdateStack, DeleteStack and the operations that steer one under way.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import {
  beginOperation,
  checkNotBusy,
  checkNotThere,
  checkUpdatable,
  newStackId,
  prepareTemplate,
  readView,
  resumeOperation,
  toTarget,
} from '../begin-operation.ts';
import { noUpdates, stackIdMissing, stackMissing, validationError } from '../errors.ts';
import { changesNothing } from '../no-change.ts';
import { checkCapabilities, readParameters, readTags, refuseUnsupported } from '../rules.ts';
import { isBusy, isDeletable } from '../status.ts';
import { cancellations, findStack, putStack } from '../store.ts';
import type { OnFailure, StackRow } from '../store.ts';
import { checked, loadTemplate } from '../template-source.ts';
import { skipRevert, write } from '../workers.ts';

const PARENT_TAG = 'aws:cloudformation:stack-id';

export async function createStack(
  input: InputOf<'cloudformation', 'CreateStack'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'CreateStack'>> {
  const { StackName: stackName = '', ClientRequestToken: token, TimeoutInMinutes: timeout } = input;
  refuseUnsupported(input);
  const onFailure = readOnFailure(input);
  const isInternal = context.http === undefined;
  const { [PARENT_TAG]: parentId, ...tags } = readTags(input.Tags, isInternal);
  const existing = await context.store.read((view) => findStack(view, context, stackName));
  const isRepeat = token !== undefined && existing?.operation?.clientRequestToken === token;
  if (isRepeat) return { StackId: existing?.stackId };
  checkNotThere(existing);
  const body = await loadTemplate(input, context);
  const given = readParameters(input.Parameters, undefined);
  const notificationArns = input.NotificationARNs ?? [];
  const stackId = newStackId(context, stackName);
  const prepared = prepareTemplate(
    context,
    { stackId, stackName },
    { body, given, notificationArns },
  );
  const capabilities = input.Capabilities ?? [];
  checkCapabilities(prepared.summary, capabilities, { mayExpand: false });
  const view = await readView(context, stackId);
  checked(() => prepared.plan(view));
  const target = toTarget({
    body,
    given,
    prepared,
    capabilities,
    tags: plainTags(tags),
    notificationArns,
    roleArn: input.RoleARN,
  });
  await context.store.transact(async (tx) => {
    checkNotThere(await findStack(tx, context, stackName));
    const parent = parentId === undefined ? undefined : await findStack(tx, context, parentId);
    const stack: StackRow = {
      stackId,
      stackName,
      status: 'CREATE_IN_PROGRESS',
      createdMs: context.nowMs,
      target,
      outputs: [],
      onFailure,
      terminationProtection: input.EnableTerminationProtection ?? false,
      ...(timeout === undefined ? {} : { timeoutMinutes: timeout }),
      ...(parent === undefined
        ? {}
        : { parentId: parent.stackId, rootId: parent.rootId ?? parent.stackId }),
    };
    beginOperation(tx, context, {
      stack,
      status: 'CREATE_IN_PROGRESS',
      operation: {
        kind: 'create',
        target,
        onFailure,
        ...(token === undefined ? {} : { clientRequestToken: token }),
        ...(timeout === undefined ? {} : { deadlineMs: context.nowMs + timeout * 60_000 }),
      },
    });
  });
  return { StackId: stackId };
}

// A nested stack inherits its parent's own tags; the service's marks are put on again by each stack.
function plainTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:')));
}

function readOnFailure(input: InputOf<'cloudformation', 'CreateStack'>): OnFailure {
  const { OnFailure: onFailure, DisableRollback: disabled } = input;
  if (onFailure !== undefined && disabled !== undefined) {
    throw validationError('You cannot specify both DisableRollback and OnFailure.');
  }
  return onFailure ?? (disabled === true ? 'DO_NOTHING' : 'ROLLBACK');
}

export async function updateStack(
  input: InputOf<'cloudformation', 'UpdateStack'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'UpdateStack'>> {
  const { StackName: name = '', ClientRequestToken: token } = input;
  refuseUnsupported(input);
  const stack = await context.store.read((view) => findStack(view, context, name));
  if (stack === undefined || stack.status === 'DELETE_COMPLETE') throw stackMissing(name);
  if (token !== undefined && stack.operation?.clientRequestToken === token)
    return { StackId: stack.stackId };
  checkUpdatable(stack);
  const before = stack.target;
  const body = await loadTemplate(input, context, before?.body);
  const given = readParameters(input.Parameters, valuesInForce(stack));
  const notificationArns = input.NotificationARNs ?? before?.notificationArns ?? [];
  const prepared = prepareTemplate(context, stack, { body, given, notificationArns });
  const capabilities = input.Capabilities ?? [];
  checkCapabilities(prepared.summary, capabilities, { mayExpand: false });
  const isInternal = context.http === undefined;
  const tags =
    input.Tags === undefined ? (before?.tags ?? {}) : plainTags(readTags(input.Tags, isInternal));
  const roleArn = input.RoleARN ?? before?.roleArn;
  const target = toTarget({ body, given, prepared, capabilities, tags, notificationArns, roleArn });
  const view = await readView(context, stack.stackId);
  const plan = checked(() => prepared.plan(view));
  if (changesNothing(stack, target, plan)) throw noUpdates();
  await context.store.transact(async (tx) => {
    const current = await findStack(tx, context, stack.stackId);
    if (current === undefined) throw stackMissing(name);
    checkUpdatable(current);
    beginOperation(tx, context, {
      stack: { ...current, updatedMs: context.nowMs },
      status: 'UPDATE_IN_PROGRESS',
      operation: {
        kind: 'update',
        target,
        onFailure: input.DisableRollback === true ? 'DO_NOTHING' : 'ROLLBACK',
        ...(token === undefined ? {} : { clientRequestToken: token }),
      },
    });
  });
  return { StackId: stack.stackId };
}

/** Parameters in force, for `UsePreviousValue`. */
export function valuesInForce(stack: StackRow): Record<string, string> {
  return Object.fromEntries((stack.target?.parameters ?? []).map(({ key, value }) => [key, value]));
}

export async function deleteStack(
  input: InputOf<'cloudformation', 'DeleteStack'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DeleteStack'>> {
  const {
    StackName: name = '',
    RetainResources: retain,
    RoleARN: roleArn,
    ClientRequestToken: token,
  } = input;
  await context.store.transact(async (tx) => {
    const stack = await findStack(tx, context, name);
    // AWS: deleting what is not there succeeds.
    if (
      stack === undefined ||
      stack.status === 'DELETE_COMPLETE' ||
      stack.status === 'DELETE_IN_PROGRESS'
    )
      return;
    if (stack.terminationProtection) {
      throw validationError(
        `Stack [${stack.stackName}] cannot be deleted while TerminationProtection is enabled`,
      );
    }
    if (!isDeletable(stack.status)) {
      throw validationError(
        `Stack [${stack.stackId}] cannot be deleted while in status ${stack.status}`,
      );
    }
    const isForced = input.DeletionMode === 'FORCE_DELETE_STACK';
    if ((retain !== undefined || isForced) && stack.status !== 'DELETE_FAILED') {
      throw validationError(
        `Invalid operation on stack [${stack.stackId}]. ` +
          `${isForced ? 'FORCE_DELETE_STACK' : 'RetainResources'} can only be used on a stack in the DELETE_FAILED state`,
      );
    }
    if (stack.status === 'CREATE_IN_PROGRESS' && stack.operation !== undefined) {
      const { operation } = stack;
      cancellations.put(tx, [context.account, context.region, stack.stackId], {
        operationId: operation.id,
      });
      return putStack(tx, context, { ...stack, operation: { ...operation, deleteAfter: true } });
    }
    const target = { ...(stack.target ?? NOTHING), ...(roleArn === undefined ? {} : { roleArn }) };
    beginOperation(tx, context, {
      stack,
      status: 'DELETE_IN_PROGRESS',
      operation: {
        kind: 'delete',
        target,
        onFailure: 'DO_NOTHING',
        ...(retain === undefined ? {} : { retain }),
        ...(isForced ? { force: true } : {}),
        ...(token === undefined ? {} : { clientRequestToken: token }),
      },
    });
  });
  return {};
}

/** For a stack that never got further than a change set. */
const NOTHING = {
  body: '',
  processedBody: '',
  given: {},
  parameters: [],
  capabilities: [],
  tags: {},
  notificationArns: [],
} as const;

export async function cancelUpdateStack(
  input: InputOf<'cloudformation', 'CancelUpdateStack'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'CancelUpdateStack'>> {
  await context.store.transact(async (tx) => {
    const stack = await findStack(tx, context, input.StackName ?? '');
    if (stack === undefined) throw stackMissing(input.StackName ?? '');
    if (stack.status !== 'UPDATE_IN_PROGRESS' || stack.operation === undefined) {
      throw validationError('CancelUpdateStack cannot be called from current stack status');
    }
    const key = [context.account, context.region, stack.stackId];
    cancellations.put(tx, key, { operationId: stack.operation.id });
  });
  return {};
}

export async function continueUpdateRollback(
  input: InputOf<'cloudformation', 'ContinueUpdateRollback'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ContinueUpdateRollback'>> {
  await context.store.transact(async (tx) => {
    const stack = await findStack(tx, context, input.StackName ?? '');
    if (stack === undefined) throw stackMissing(input.StackName ?? '');
    if (stack.status !== 'UPDATE_ROLLBACK_FAILED' || stack.operation === undefined) {
      throw validationError(
        `Stack:${stack.stackId} is in ${stack.status} state and can not continue update rollback.`,
      );
    }
    const { stackId } = stack;
    await skipRevert(tx, context, { stackId, logicalIds: input.ResourcesToSkip ?? [] });
    rollBack(tx, context, { stack, roleArn: input.RoleARN });
  });
  return {};
}

export async function rollbackStack(
  input: InputOf<'cloudformation', 'RollbackStack'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'RollbackStack'>> {
  refuseUnsupported({ RetainExceptOnCreate: input.RetainExceptOnCreate });
  return context.store.transact(async (tx) => {
    const stack = await findStack(tx, context, input.StackName ?? '');
    if (stack === undefined) throw stackMissing(input.StackName ?? '');
    const isStopped = stack.status === 'CREATE_FAILED' || stack.status === 'UPDATE_FAILED';
    if (!isStopped || stack.operation === undefined) {
      throw validationError(
        `RollbackStack API can only be called on a stack in CREATE_FAILED or UPDATE_FAILED state: it is in ${stack.status}`,
      );
    }
    rollBack(tx, context, { stack, roleArn: input.RoleARN });
    return { StackId: stack.stackId };
  });
}

function rollBack(
  tx: Parameters<typeof write>[0],
  context: RequestContext,
  { stack, roleArn }: { readonly stack: StackRow; readonly roleArn: string | undefined },
): void {
  const { operation, statusReason: _reason, ...rest } = stack;
  if (operation === undefined) return;
  const target = roleArn === undefined ? operation.target : { ...operation.target, roleArn };
  const next: StackRow = {
    ...rest,
    status: operation.kind === 'create' ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS',
    operation: { ...operation, target, phase: 'undo' },
  };
  write(tx, context, next);
  resumeOperation(tx, context, next);
}

export async function updateTerminationProtection(
  input: InputOf<'cloudformation', 'UpdateTerminationProtection'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'UpdateTerminationProtection'>> {
  const { StackName: name = '', EnableTerminationProtection: enable = false } = input;
  return context.store.transact(async (tx) => {
    const stack = await findStack(tx, context, name);
    if (stack === undefined || stack.status === 'DELETE_COMPLETE') throw stackIdMissing(name);
    if (isBusy(stack.status)) checkNotBusy(stack, 'updated');
    putStack(tx, context, { ...stack, terminationProtection: enable });
    return { StackId: stack.stackId };
  });
}
