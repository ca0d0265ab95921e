// What is known while a batch of a stream's records is processed, and what comes of it.
import type { FunctionResult } from '../../../base/function-runner.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import type { Delivery } from '../destinations.ts';
import type { MappingRecord, StreamRetry, StreamSettings } from '../store.ts';
import type { StreamEntry, StreamSource } from './stream-source.ts';
import type { TumblingWindow } from './stream-window.ts';

/** What batches of one lane of a shard have in common. */
export interface BatchTask {
  readonly mapping: MappingRecord;
  readonly settings: StreamSettings;
  readonly source: StreamSource;
  readonly scope: Scope;
  readonly shardId: string;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
  /** The tumbling window at work; what it is changed to is noted with the next outcome. */
  window: TumblingWindow | undefined;
  /** Notes durably what came of records, and sends what is to be told of them. */
  note(outcome: BatchOutcome): Promise<void>;
}

export interface BatchOutcome {
  /** Need no more work. */
  readonly done: readonly StreamEntry[];
  /** First records of batches that are no longer waiting to be tried again. */
  readonly settled: readonly string[];
  readonly failed: ReadonlyMap<string, StreamRetry>;
  readonly result: ProcessingResult;
  readonly delivery?: Delivery | undefined;
}

/** As `LastProcessingResult` shows it. */
export type ProcessingResult = 'OK' | 'PROBLEM: Function call failed';

export interface Attempt {
  readonly entries: readonly StreamEntry[];
  /** How often the function failed on the first of them. */
  readonly failures: number;
}

export interface Answer {
  readonly requestId: string;
  readonly version: string;
  readonly result: FunctionResult;
  /** The response as JSON; undefined when it is none. */
  readonly response: unknown;
}

export interface Discard {
  readonly entries: readonly StreamEntry[];
  readonly failures: number;
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly answer: Answer | undefined;
}
