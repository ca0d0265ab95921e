// Change sets: what a deployment would do, kept until it is executed or deleted.
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { PlannedChange } from '../../../kernel/templates.ts';
import {
  beginOperation,
  checkUpdatable,
  newStackId,
  prepareTemplate,
  readView,
  toTarget,
} from '../begin-operation.ts';
import {
  changeSetExists,
  changeSetMissing,
  notSupported,
  stackExists,
  stackMissing,
  validationError,
  wrongChangeSetStatus,
} from '../errors.ts';
import { findChangeSet } from '../find-change-set.ts';
import { ROWS_MAX } from '../limits.ts';
import { changesNothing } from '../no-change.ts';
import { pageOf } from '../pages.ts';
import {
  checkCapabilities,
  checkNewStackName,
  readParameters,
  readTags,
  refuseUnsupported,
} from '../rules.ts';
import { isBusy } from '../status.ts';
import { changeSets, findStack } from '../store.ts';
import type { ChangeSetRow, StackRow } from '../store.ts';
import { checked, loadTemplate } from '../template-source.ts';
import { write } from '../workers.ts';
import { describeParameters } from './describe.ts';
import { valuesInForce } from './stacks.ts';

type CreateInput = InputOf<'cloudformation', 'CreateChangeSet'>;

export async function createChangeSet(
  input: CreateInput,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'CreateChangeSet'>> {
  const { ChangeSetName: changeSetName = '' } = input;
  refuseUnsupported(input);
  refuseImports(input);
  const { stack, kind } = await findSubject(input, context);
  const before = stack.target;
  const body = await loadTemplate(input, context, before?.body);
  const given = readParameters(
    input.Parameters,
    before === undefined ? undefined : valuesInForce(stack),
  );
  const notificationArns = input.NotificationARNs ?? before?.notificationArns ?? [];
  const prepared = prepareTemplate(context, stack, { body, given, notificationArns });
  const capabilities = input.Capabilities ?? [];
  checkCapabilities(prepared.summary, capabilities, { mayExpand: true });
  const tags = input.Tags === undefined ? (before?.tags ?? {}) : readTags(input.Tags, false);
  const roleArn = input.RoleARN ?? before?.roleArn;
  const target = toTarget({ body, given, prepared, capabilities, tags, notificationArns, roleArn });
  const view = await readView(context, stack.stackId);
  const plan = checked(() => prepared.plan(view));
  const isEmpty = kind === 'UPDATE' && changesNothing(stack, target, plan);
  const changeSetId =
    `arn:aws:cloudformation:${context.region}:${context.account}:changeSet/${changeSetName}/` +
    randomUuid(context.random);
  const row: ChangeSetRow = {
    changeSetId,
    changeSetName,
    stackId: stack.stackId,
    stackName: stack.stackName,
    kind,
    createdMs: context.nowMs,
    target,
    changes: plan.changes,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.OnStackFailure === undefined ? {} : { onFailure: input.OnStackFailure }),
    ...(isEmpty
      ? { status: 'FAILED', executionStatus: 'UNAVAILABLE', statusReason: NO_CHANGES }
      : { status: 'CREATE_COMPLETE', executionStatus: 'AVAILABLE' }),
  };
  await keepChangeSet(context, stack, row);
  return { Id: changeSetId, StackId: stack.stackId };
}

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

function refuseImports(input: CreateInput): void {
  if (input.ChangeSetType === 'IMPORT' || (input.ResourcesToImport ?? []).length > 0) {
    throw notSupported('ChangeSetType IMPORT', 'existing resources cannot be taken into a stack');
  }
  if (input.ImportExistingResources === true) {
    throw notSupported(
      'ImportExistingResources',
      'existing resources cannot be taken into a stack',
    );
  }
  if (input.IncludeNestedStacks === true) {
    throw notSupported('IncludeNestedStacks', 'change sets show the stack itself only');
  }
  if (input.DeploymentMode !== undefined) {
    throw notSupported('DeploymentMode', 'drift is not looked at');
  }
}

/** The stack that the change set is for; a new one, under review, when it creates. */
async function findSubject(
  input: CreateInput,
  context: RequestContext,
): Promise<{ stack: StackRow; kind: 'CREATE' | 'UPDATE' }> {
  const { StackName: name = '', ChangeSetType: kind = 'UPDATE' } = input;
  const existing = await context.store.read((view) => findStack(view, context, name));
  const isThere = existing !== undefined && existing.status !== 'DELETE_COMPLETE';
  if (kind === 'CREATE') {
    if (isThere && existing.status !== 'REVIEW_IN_PROGRESS') throw stackExists(existing.stackName);
    if (isThere) return { stack: existing, kind };
    checkNewStackName(name);
    const stack: StackRow = {
      stackId: newStackId(context, name),
      stackName: name,
      status: 'REVIEW_IN_PROGRESS',
      statusReason: 'User Initiated',
      createdMs: context.nowMs,
      outputs: [],
      onFailure: 'ROLLBACK',
      terminationProtection: false,
    };
    return { stack, kind };
  }
  if (!isThere) throw stackMissing(name);
  if (existing.status === 'REVIEW_IN_PROGRESS') {
    throw validationError(`Stack [${existing.stackName}] does not exist`);
  }
  checkUpdatable(existing);
  return { stack: existing, kind: 'UPDATE' };
}

async function keepChangeSet(
  context: RequestContext,
  stack: StackRow,
  row: ChangeSetRow,
): Promise<void> {
  const key = [context.account, context.region, stack.stackId, row.changeSetName];
  await context.store.transact(async (tx) => {
    const current = await findStack(tx, context, stack.stackName);
    if (current === undefined) write(tx, context, stack);
    else if (current.stackId !== stack.stackId) throw stackExists(stack.stackName);
    if ((await changeSets.get(tx, key)) !== undefined) throw changeSetExists(row.changeSetName);
    changeSets.put(tx, key, row);
  });
}

export async function describeChangeSet(
  input: InputOf<'cloudformation', 'DescribeChangeSet'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DescribeChangeSet'>> {
  const row = await requireChangeSet(input, context);
  const { items, ...next } = pageOf(row.changes, input.NextToken, ({ logicalId }) => logicalId);
  return {
    ChangeSetName: row.changeSetName,
    ChangeSetId: row.changeSetId,
    StackId: row.stackId,
    StackName: row.stackName,
    Description: row.description,
    Parameters: describeParameters(row.target.parameters),
    CreationTime: new Date(row.createdMs),
    ExecutionStatus: row.executionStatus,
    Status: row.status,
    StatusReason: row.statusReason,
    NotificationARNs: [...row.target.notificationArns],
    RollbackConfiguration: {},
    Capabilities: [...row.target.capabilities] as ('CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM')[],
    Tags: Object.entries(row.target.tags).map(([Key, Value]) => ({ Key, Value })),
    Changes: items.map(describeChange),
    IncludeNestedStacks: false,
    OnStackFailure: row.onFailure,
    ...next,
  };
}

function describeChange(change: PlannedChange) {
  const scope = [...new Set(change.details.map(({ attribute }) => attribute))];
  return {
    Type: 'Resource' as const,
    ResourceChange: {
      PolicyAction: change.policyAction,
      Action: change.action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: change.replacement,
      Scope: scope,
      Details: change.details.map((detail) => ({
        Target: {
          Attribute: detail.attribute,
          Name: detail.name,
          RequiresRecreation: detail.requiresRecreation,
        },
        Evaluation: detail.evaluation,
        ChangeSource: detail.changeSource,
        CausingEntity: detail.causingEntity,
      })),
    },
  };
}

async function requireChangeSet(
  input: { readonly ChangeSetName?: string | undefined; readonly StackName?: string | undefined },
  context: RequestContext,
): Promise<ChangeSetRow> {
  const { ChangeSetName: changeSetName = '', StackName: stackName } = input;
  const row = await context.store.read((view) =>
    findChangeSet(view, context, { changeSetName, stackName }),
  );
  if (row === undefined) throw changeSetMissing(changeSetName);
  return row;
}

export async function executeChangeSet(
  input: InputOf<'cloudformation', 'ExecuteChangeSet'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ExecuteChangeSet'>> {
  refuseUnsupported({ RetainExceptOnCreate: input.RetainExceptOnCreate });
  const found = await requireChangeSet(input, context);
  const { ClientRequestToken: token, DisableRollback: disabled } = input;
  if (disabled !== undefined && found.onFailure !== undefined) {
    throw validationError(
      'You cannot specify DisableRollback for a change set that was made with OnStackFailure.',
    );
  }
  await context.store.transact(async (tx) => {
    const row = await findChangeSet(tx, context, {
      changeSetName: found.changeSetId,
      stackName: undefined,
    });
    const stack = await findStack(tx, context, found.stackId);
    if (row === undefined || stack === undefined) throw changeSetMissing(found.changeSetName);
    if (row.executionStatus !== 'AVAILABLE') {
      throw wrongChangeSetStatus(
        `ChangeSet [${row.changeSetId}] cannot be executed in its current status of [${row.status}]`,
      );
    }
    const isCreate = row.kind === 'CREATE';
    if (isCreate ? stack.status !== 'REVIEW_IN_PROGRESS' : isBusy(stack.status)) {
      throw validationError(
        `Stack:${stack.stackId} is in ${stack.status} state and can not be updated.`,
      );
    }
    if (!isCreate) checkUpdatable(stack);
    const onFailure = row.onFailure ?? (disabled === true ? 'DO_NOTHING' : 'ROLLBACK');
    await dropOthers(tx, context, row);
    beginOperation(tx, context, {
      stack: {
        ...stack,
        changeSetId: row.changeSetId,
        ...(isCreate ? { target: row.target, onFailure } : {}),
        updatedMs: context.nowMs,
      },
      status: isCreate ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS',
      operation: {
        kind: isCreate ? 'create' : 'update',
        target: row.target,
        onFailure,
        changeSetId: row.changeSetId,
        ...(token === undefined ? {} : { clientRequestToken: token }),
      },
    });
  });
  return {};
}

/** AWS: executing one change set deletes the others of the stack, as they no longer fit. */
async function dropOthers(tx: Tx, context: RequestContext, row: ChangeSetRow): Promise<void> {
  const prefix = [context.account, context.region, row.stackId];
  for (const { key, value } of await changeSets.list(tx, prefix, { limit: ROWS_MAX })) {
    if (value.changeSetId === row.changeSetId) {
      changeSets.put(tx, key, { ...row, executionStatus: 'EXECUTE_IN_PROGRESS' });
    } else {
      changeSets.delete(tx, key);
    }
  }
}

export async function deleteChangeSet(
  input: InputOf<'cloudformation', 'DeleteChangeSet'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DeleteChangeSet'>> {
  const { ChangeSetName: changeSetName = '', StackName: stackName } = input;
  await context.store.transact(async (tx) => {
    const stack = stackName === undefined ? undefined : await findStack(tx, context, stackName);
    if (stackName !== undefined && stack === undefined) throw stackMissing(stackName);
    const row = await findChangeSet(tx, context, { changeSetName, stackName });
    // AWS: deleting a change set that is gone succeeds.
    if (row === undefined) return;
    if (row.executionStatus === 'EXECUTE_IN_PROGRESS') {
      throw wrongChangeSetStatus(
        `ChangeSet [${row.changeSetId}] cannot be deleted in its current execution status of [EXECUTE_IN_PROGRESS]`,
      );
    }
    changeSets.delete(tx, [context.account, context.region, row.stackId, row.changeSetName]);
  });
  return {};
}

export async function listChangeSets(
  input: InputOf<'cloudformation', 'ListChangeSets'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ListChangeSets'>> {
  const name = input.StackName ?? '';
  const rows = await context.store.read(async (view) => {
    const stack = await findStack(view, context, name);
    if (stack === undefined) throw stackMissing(name);
    const prefix = [context.account, context.region, stack.stackId];
    return changeSets.list(view, prefix, { limit: ROWS_MAX });
  });
  const { items, ...next } = pageOf(rows, input.NextToken, ({ value }) => value.changeSetId);
  return {
    Summaries: items.map(({ value: row }) => ({
      StackId: row.stackId,
      StackName: row.stackName,
      ChangeSetId: row.changeSetId,
      ChangeSetName: row.changeSetName,
      ExecutionStatus: row.executionStatus,
      Status: row.status,
      StatusReason: row.statusReason,
      CreationTime: new Date(row.createdMs),
      Description: row.description,
      IncludeNestedStacks: false,
    })),
    ...next,
  };
}
