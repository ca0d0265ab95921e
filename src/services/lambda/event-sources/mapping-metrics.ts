// Metrics of mappings: how old records are when they reach the function, and events by their fate.
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import type { MappingRecord } from '../store.ts';

/** <developer guide, "Types of metrics for Lambda functions", event source mapping metrics> */
export type EventCount =
  | 'PolledEventCount'
  | 'FilteredOutEventCount'
  | 'InvokedEventCount'
  | 'FailedInvokeEventCount'
  | 'DroppedEventCount'
  | 'OnFailureDestinationDeliveredEventCount'
  | 'DeletedEventCount';

interface MappingWork {
  readonly mapping: MappingRecord;
  readonly scope: Scope;
  readonly context: WorkContext;
}

/** Counts when the mapping was told to (`MetricsConfig`). */
export function countEvents({ mapping, scope, context }: MappingWork, name: EventCount, count: number): void {
  if (mapping.countsEvents !== true || count === 0) return;
  const dimensions = [['EventSourceMappingUUID', mapping.uuid]] as const;
  const series = context.metrics.series(scope, { namespace: 'AWS/Lambda', name, dimensions, unit: 'Count' });
  series.add(count, context.clock.now());
}

/** AWS: of the last record of a batch, when the function gets it. */
export function noteIteratorAge({ mapping, scope, context }: MappingWork, lastArrivedMs: number): void {
  const nowMs = context.clock.now();
  const dimensions = [['FunctionName', mapping.functionName]] as const;
  const id = { namespace: 'AWS/Lambda', name: 'IteratorAge', dimensions, unit: 'Milliseconds' } as const;
  context.metrics.series(scope, id).add(Math.max(0, nowMs - lastArrivedMs), nowMs);
}
