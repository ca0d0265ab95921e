// Starts a stack operation: the stack's new state and the durable task that carries it out, in one transaction.
import { randomUuid } from '../../base/random.ts';
import type { Tx } from '../../base/store.ts';
import type { RequestContext } from '../../kernel/context.ts';
import type { PreparedTemplate } from '../../kernel/templates.ts';
import { stackExists, validationError } from './errors.ts';
import { identityOf } from './stack-run.ts';
import { isBusy, isUpdatable } from './status.ts';
import type { StackStatus } from './status.ts';
import { listExports, listResources } from './store.ts';
import type { StackOperation, StackRow, StackTarget } from './store.ts';
import { checked } from './template-source.ts';
import { RUN, write } from './workers.ts';
import type { RunPayload } from './workers.ts';

export function newStackId(context: RequestContext, stackName: string): string {
  const { account, region, random } = context;
  return `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/${randomUuid(random)}`;
}

/** Throws ValidationError with the template's first mistake. */
export function prepareTemplate(
  context: RequestContext,
  stack: Pick<StackRow, 'stackName' | 'stackId'>,
  source: {
    readonly body: string;
    readonly given: Readonly<Record<string, string>>;
    readonly notificationArns: readonly string[];
  },
): PreparedTemplate {
  return checked(() =>
    context.ports.templates.prepare(
      { body: source.body, parameters: source.given },
      identityOf(context, stack, source.notificationArns),
    ),
  );
}

/** What a deployment would find: the stack's records and the exports of this region. */
export async function readView(context: RequestContext, stackId: string) {
  const { rows, exported } = await context.store.read(async (view) => ({
    rows: await listResources(view, context, stackId),
    exported: await listExports(view, context),
  }));
  const values = new Map(exported.map(({ name, value }) => [name, value]));
  return {
    records: rows.map(({ record }) => record),
    exportValue: (name: string) => values.get(name),
  };
}

export interface TargetParts {
  readonly body: string;
  readonly given: Readonly<Record<string, string>>;
  readonly prepared: PreparedTemplate;
  readonly capabilities: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly notificationArns: readonly string[];
  readonly roleArn: string | undefined;
}

export function toTarget(parts: TargetParts): StackTarget {
  const { body, given, prepared, capabilities, tags, notificationArns, roleArn } = parts;
  const { description } = prepared.summary;
  return {
    body,
    processedBody: prepared.processedBody,
    given,
    parameters: prepared.parameters,
    capabilities,
    tags,
    notificationArns,
    ...(description === undefined ? {} : { description }),
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

export type NewOperation = Omit<StackOperation, 'id' | 'phase' | 'principal'>;

/** Writes the stack with its operation under way. The first phase follows from the kind. */
export function beginOperation(
  tx: Tx,
  context: RequestContext,
  start: {
    readonly stack: StackRow;
    readonly status: StackStatus;
    readonly operation: NewOperation;
  },
): StackRow {
  const { stack, status, operation } = start;
  const { statusReason: _reason, failure: _failure, ...rest } = stack;
  const row: StackRow = {
    ...rest,
    status,
    operation: {
      ...operation,
      id: randomUuid(context.random),
      phase: operation.kind === 'delete' ? 'remove' : 'apply',
      principal: context.principal,
    },
  };
  write(tx, context, row);
  resumeOperation(tx, context, row);
  return row;
}

/** Schedules the worker for the operation as it stands. */
export function resumeOperation(tx: Tx, context: RequestContext, stack: StackRow): void {
  const payload: RunPayload = { stackId: stack.stackId, operationId: stack.operation?.id ?? '' };
  context.timers.schedule(tx, context, { worker: RUN, dueMs: context.nowMs, payload });
}

export function checkUpdatable(stack: StackRow): void {
  if (isUpdatable(stack.status)) return;
  throw validationError(
    `Stack:${stack.stackId} is in ${stack.status} state and can not be updated.`,
  );
}

export function checkNotThere(existing: StackRow | undefined): void {
  if (existing !== undefined) throw stackExists(existing.stackName);
}

export function checkNotBusy(stack: StackRow, verb: string): void {
  if (!isBusy(stack.status)) return;
  throw validationError(
    `Stack:${stack.stackId} is in ${stack.status} state and can not be ${verb}.`,
  );
}
