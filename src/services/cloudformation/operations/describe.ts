// Reads of stacks: DescribeStacks, ListStacks, events, resources.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { BoundParameter } from '../../../kernel/templates.ts';
import { stackIdMissing, stackMissing, validationError } from '../errors.ts';
import { PAGE_SIZE, ROWS_MAX } from '../limits.ts';
import { pageOf } from '../pages.ts';
import { events, findStack, listResources, listStacks } from '../store.ts';
import type { EventRow, ResourceRow, StackRow } from '../store.ts';

type Described = NonNullable<OutputOf<'cloudformation', 'DescribeStacks'>['Stacks']>[number];

export async function describeStacks(
  input: InputOf<'cloudformation', 'DescribeStacks'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DescribeStacks'>> {
  const { StackName: name, NextToken: token } = input;
  if (name !== undefined && name !== '') {
    const stack = await context.store.read((view) => findStack(view, context, name));
    if (stack === undefined) throw stackIdMissing(name);
    return { Stacks: [describe(stack)] };
  }
  const all = await context.store.read((view) => listStacks(view, context));
  const existing = all.filter(({ status }) => status !== 'DELETE_COMPLETE');
  const { items, ...next } = pageOf(existing, token, ({ stackId }) => stackId);
  return { Stacks: items.map(describe), ...next };
}

function describe(stack: StackRow): Described {
  const { target } = stack;
  return {
    StackId: stack.stackId,
    StackName: stack.stackName,
    ChangeSetId: stack.changeSetId,
    Description: target?.description,
    Parameters: describeParameters(target?.parameters ?? []),
    CreationTime: new Date(stack.createdMs),
    LastUpdatedTime: dateOf(stack.updatedMs),
    DeletionTime: dateOf(stack.deletedMs),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.onFailure === 'DO_NOTHING',
    NotificationARNs: [...(target?.notificationArns ?? [])],
    TimeoutInMinutes: stack.timeoutMinutes,
    Capabilities: [...(target?.capabilities ?? [])] as NonNullable<Described['Capabilities']>,
    Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: target?.roleArn,
    Tags: Object.entries(target?.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    EnableTerminationProtection: stack.terminationProtection,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

/** As the API shows them: the values of NoEcho parameters are masked. */
export function describeParameters(
  parameters: readonly BoundParameter[],
): { ParameterKey: string; ParameterValue: string }[] {
  return parameters.map(({ key, value, noEcho }) => ({
    ParameterKey: key,
    ParameterValue: noEcho ? '****' : value,
  }));
}

function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

export async function listStackSummaries(
  input: InputOf<'cloudformation', 'ListStacks'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ListStacks'>> {
  const wanted: readonly string[] = input.StackStatusFilter ?? [];
  const all = await context.store.read((view) => listStacks(view, context));
  const matching = all.filter(({ status }) => wanted.length === 0 || wanted.includes(status));
  const { items, ...next } = pageOf(matching, input.NextToken, ({ stackId }) => stackId);
  return {
    StackSummaries: items.map((stack) => ({
      StackId: stack.stackId,
      StackName: stack.stackName,
      TemplateDescription: stack.target?.description,
      CreationTime: new Date(stack.createdMs),
      LastUpdatedTime: dateOf(stack.updatedMs),
      DeletionTime: dateOf(stack.deletedMs),
      StackStatus: stack.status,
      StackStatusReason: stack.statusReason,
      ParentId: stack.parentId,
      RootId: stack.rootId,
      DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
    })),
    ...next,
  };
}

/** Newest first. The token is the place in the log after which the next page goes on. */
export async function describeStackEvents(
  input: InputOf<'cloudformation', 'DescribeStackEvents'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DescribeStackEvents'>> {
  const { StackName: name = '', NextToken: token } = input;
  const before = token === undefined ? undefined : Number(token);
  if (before !== undefined && !Number.isInteger(before)) {
    throw validationError('The specified NextToken is invalid.');
  }
  return context.store.read(async (view) => {
    const stack = await findStack(view, context, name);
    if (stack === undefined) throw stackMissing(name);
    const prefix = [context.account, context.region, stack.stackId];
    const rows = await events.list(view, prefix, {
      limit: PAGE_SIZE + 1,
      reverse: true,
      ...(before === undefined ? {} : { after: [...prefix, before] }),
    });
    const page = rows.slice(0, PAGE_SIZE);
    const last = page.at(-1)?.key.at(-1);
    return {
      StackEvents: page.map(({ value }) => describeEvent(stack, value)),
      ...(rows.length > PAGE_SIZE && last !== undefined ? { NextToken: String(last) } : {}),
    };
  });
}

function describeEvent(stack: StackRow, event: EventRow) {
  return {
    StackId: stack.stackId,
    EventId: event.eventId,
    StackName: stack.stackName,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: new Date(event.timestampMs),
    ResourceStatus: event.status as 'CREATE_COMPLETE',
    ResourceStatusReason: event.statusReason,
    ResourceProperties: event.properties,
    ClientRequestToken: event.clientRequestToken,
  };
}

async function readResources(context: RequestContext, name: string) {
  return context.store.read(async (view) => {
    const stack = await findStack(view, context, name);
    if (stack === undefined) throw stackIdMissing(name);
    return { stack, rows: await listResources(view, context, stack.stackId) };
  });
}

function physicalIdOf({ record }: ResourceRow): string | undefined {
  return (record.current ?? record.previous)?.physicalId;
}

export async function describeStackResource(
  input: InputOf<'cloudformation', 'DescribeStackResource'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DescribeStackResource'>> {
  const { StackName: name = '', LogicalResourceId: logicalId = '' } = input;
  const { stack, rows } = await readResources(context, name);
  const row = rows.find(({ record }) => record.logicalId === logicalId);
  if (row === undefined)
    throw validationError(`Resource ${logicalId} does not exist for stack ${stack.stackName}`);
  return {
    StackResourceDetail: {
      StackName: stack.stackName,
      StackId: stack.stackId,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalIdOf(row),
      ResourceType: row.record.type,
      LastUpdatedTimestamp: new Date(row.updatedMs),
      ResourceStatus: row.record.status,
      ResourceStatusReason: row.record.statusReason,
      Metadata: '{}',
      DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
    },
  };
}

export async function describeStackResources(
  input: InputOf<'cloudformation', 'DescribeStackResources'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'DescribeStackResources'>> {
  const { StackName: name, PhysicalResourceId: physicalId, LogicalResourceId: logicalId } = input;
  if ((name === undefined) === (physicalId === undefined)) {
    throw validationError('Either StackName or PhysicalResourceId must be specified, not both.');
  }
  const found =
    name === undefined
      ? await findOwner(context, physicalId ?? '')
      : await readResources(context, name);
  const { stack, rows } = found;
  const wanted = rows.filter(
    ({ record }) => logicalId === undefined || record.logicalId === logicalId,
  );
  if (logicalId !== undefined && wanted.length === 0) {
    throw validationError(`Resource ${logicalId} does not exist for stack ${stack.stackName}`);
  }
  return {
    StackResources: wanted.map((row) => ({
      StackName: stack.stackName,
      StackId: stack.stackId,
      LogicalResourceId: row.record.logicalId,
      PhysicalResourceId: physicalIdOf(row),
      ResourceType: row.record.type,
      Timestamp: new Date(row.updatedMs),
      ResourceStatus: row.record.status,
      ResourceStatusReason: row.record.statusReason,
      DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
    })),
  };
}

/** The stack that made a resource. */
async function findOwner(context: RequestContext, physicalId: string) {
  return context.store.read(async (view) => {
    for (const stack of await listStacks(view, context)) {
      const rows = await listResources(view, context, stack.stackId);
      if (rows.some((row) => physicalIdOf(row) === physicalId)) return { stack, rows };
    }
    throw validationError(`Stack for ${physicalId} does not exist`);
  });
}

export async function listStackResources(
  input: InputOf<'cloudformation', 'ListStackResources'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ListStackResources'>> {
  const { rows } = await readResources(context, input.StackName ?? '');
  const { items, ...next } = pageOf(
    rows.slice(0, ROWS_MAX),
    input.NextToken,
    ({ record }) => record.logicalId,
  );
  return {
    StackResourceSummaries: items.map((row) => ({
      LogicalResourceId: row.record.logicalId,
      PhysicalResourceId: physicalIdOf(row),
      ResourceType: row.record.type,
      LastUpdatedTimestamp: new Date(row.updatedMs),
      ResourceStatus: row.record.status,
      ResourceStatusReason: row.record.statusReason,
      DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
    })),
    ...next,
  };
}
