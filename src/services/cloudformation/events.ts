// The event log of a stack, and its echo to the topics that want to hear of it.
import { ServiceError } from '../../base/errors.ts';
import { randomUuid } from '../../base/random.ts';
import type { Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { ResourceEvent } from '../../kernel/templates.ts';
import { events } from './store.ts';
import type { EventRow, StackRow } from './store.ts';

export const NOTIFY = 'cloudformation/notify';
const SUBJECT = 'AWS CloudFormation Notification';

interface NotifyPayload {
  readonly topics: readonly string[];
  readonly message: string;
}

type StackSummary = Pick<StackRow, 'stackId' | 'stackName' | 'operation' | 'target'>;

export function logEvent(
  tx: Tx,
  context: WorkContext,
  entry: { stack: StackSummary; event: ResourceEvent },
): void {
  const { stack, event } = entry;
  const timestampMs = context.clock.now();
  const token = stack.operation?.clientRequestToken;
  const row: EventRow = {
    eventId: `${event.logicalId}-${event.status}-${randomUuid(context.random)}`,
    logicalId: event.logicalId,
    physicalId: event.physicalId,
    type: event.type,
    timestampMs,
    status: event.status,
    ...(event.statusReason === undefined ? {} : { statusReason: event.statusReason }),
    ...(event.properties === undefined ? {} : { properties: event.properties }),
    ...(token === undefined ? {} : { clientRequestToken: token }),
  };
  appendEvent(tx, context, { stack, row });
}

/** An event of the stack itself. */
export function logStackEvent(tx: Tx, context: WorkContext, stack: StackRow): void {
  const token = stack.operation?.clientRequestToken;
  const row: EventRow = {
    eventId: randomUuid(context.random),
    logicalId: stack.stackName,
    physicalId: stack.stackId,
    type: 'AWS::CloudFormation::Stack',
    timestampMs: context.clock.now(),
    status: stack.status,
    ...(stack.statusReason === undefined ? {} : { statusReason: stack.statusReason }),
    ...(token === undefined ? {} : { clientRequestToken: token }),
  };
  appendEvent(tx, context, { stack, row });
}

function appendEvent(
  tx: Tx,
  context: WorkContext,
  { stack, row }: { readonly stack: StackSummary; readonly row: EventRow },
): void {
  events.append(tx, [context.account, context.region, stack.stackId], row);
  const topics = stack.operation?.target.notificationArns ?? stack.target?.notificationArns ?? [];
  if (topics.length === 0) return;
  const payload: NotifyPayload = { topics, message: notification(context, stack, row) };
  context.timers.schedule(tx, context, { worker: NOTIFY, dueMs: context.clock.now(), payload });
}

// The form that CloudFormation publishes: one NAME='value' a line.
function notification(context: WorkContext, stack: StackSummary, row: EventRow): string {
  const lines = {
    StackId: stack.stackId,
    Timestamp: new Date(row.timestampMs).toISOString(),
    EventId: row.eventId,
    LogicalResourceId: row.logicalId,
    Namespace: context.account,
    PhysicalResourceId: row.physicalId,
    ResourceProperties: row.properties ?? 'null',
    ResourceStatus: row.status,
    ResourceStatusReason: row.statusReason ?? '',
    ResourceType: row.type,
    StackName: stack.stackName,
    ClientRequestToken: row.clientRequestToken ?? 'null',
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}

/** Worker: publishes one event to the stack's topics. */
export async function publishEvent(payload: unknown, context: WorkContext): Promise<void> {
  const { topics, message } = payload as NotifyPayload;
  for (const TopicArn of topics) {
    try {
      await context.call('sns', 'Publish', { TopicArn, Subject: SUBJECT, Message: message });
    } catch (error) {
      // A topic that is gone keeps neither the stack nor the other topics waiting.
      if (!(error instanceof ServiceError)) throw error;
    }
  }
}
