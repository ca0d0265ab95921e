// Deletes resources, dependents first: all of a stack's, or those that an operation left behind.
import { present } from '../base/errors.ts';
import type { ResourceHandler } from '../kernel/resources.ts';
import type {
  RemovalRequest,
  ResourceGeneration,
  ResourceRecord,
  RunOutcome,
  StackRun,
} from '../kernel/templates.ts';
import { findHandler } from './bind-template.ts';
import type { Handlers } from './bind-template.ts';
import { reverse, walk } from './graph.ts';
import type { Graph, StepResult } from './graph.ts';
import { CONCURRENCY, createRunBook, explain, outcomeOf, requestFor } from './run-book.ts';
import type { RunBook } from './run-book.ts';

export function handlerFor(handlers: Handlers, type: string): ResourceHandler {
  return present(findHandler(handlers, type), `resource handler of ${type}`);
}

/** Safe to call again after a crash: a resource that is gone counts as deleted. */
export async function removeResources(
  handlers: Handlers,
  run: StackRun,
  what: RemovalRequest,
): Promise<RunOutcome> {
  const book = createRunBook(run);
  const isEverything = what.scope === 'everything';
  const doomed = book
    .all()
    .filter(
      (record) => isEverything || record.previous !== undefined || record.current === undefined,
    );
  const step = async (logicalId: string): Promise<StepResult> => {
    const record = book.get(logicalId);
    if (record === undefined) return 'done';
    if (!isEverything) return removeLeftBehind(book, handlers, record);
    return removeRecord(book, handlers, {
      record,
      retain: what.retain?.includes(logicalId) === true,
    });
  };
  const { failed } = await walk(reverse(dependenciesOf(doomed)), step, {
    concurrency: CONCURRENCY,
    keepGoing: true,
    stop: () => false,
  });
  return outcomeOf(book, failed, false);
}

// Old and new generations may depend on different resources, even in a circle (A used B, now B uses A):
// an edge that would close a circle is dropped, as nothing in force depends on what is left behind.
function dependenciesOf(records: readonly ResourceRecord[]): Graph {
  const graph = new Map<string, string[]>();
  for (const { logicalId } of records) graph.set(logicalId, []);
  const reaches = (from: string, to: string): boolean =>
    from === to || (graph.get(from) ?? []).some((next) => reaches(next, to));
  for (const { logicalId, current, previous } of records) {
    for (const other of new Set([...(current?.dependsOn ?? []), ...(previous?.dependsOn ?? [])])) {
      if (graph.has(other) && !reaches(other, logicalId)) graph.get(logicalId)?.push(other);
    }
  }
  return graph;
}

async function removeLeftBehind(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<StepResult> {
  const { current, previous, ...rest } = record;
  if (previous === undefined) {
    await book.forget(record, 'DELETE_COMPLETE');
    return 'done';
  }
  if (current === undefined) {
    const result = await removeRecord(book, handlers, { record, retain: false });
    // AWS: a cleanup that fails does not fail the operation; what could not be deleted is left alone.
    if (result === 'failed') await book.forget(record, 'DELETE_FAILED');
    return 'done';
  }
  const settled: ResourceRecord = { ...rest, current };
  if (previous.physicalId === current.physicalId) {
    await book.write(settled, { event: false });
    return 'done';
  }
  if (previous.updateReplacePolicy !== 'Delete') {
    await logDeletion(book, { record, generation: previous, status: 'DELETE_SKIPPED' });
  } else {
    await logDeletion(book, { record, generation: previous, status: 'DELETE_IN_PROGRESS' });
    const reason = await deleteGeneration(book, handlers, {
      logicalId: record.logicalId,
      generation: previous,
    });
    const status = reason === undefined ? 'DELETE_COMPLETE' : 'DELETE_FAILED';
    await logDeletion(book, { record, generation: previous, status, reason });
  }
  await book.write(settled, { event: false });
  return 'done';
}

/** Logs the end of a replaced generation without touching the record of the one in force. */
async function logDeletion(
  book: RunBook,
  entry: {
    readonly record: ResourceRecord;
    readonly generation: ResourceGeneration;
    readonly status: ResourceRecord['status'];
    readonly reason?: string | undefined;
  },
): Promise<void> {
  const { record, generation, status, reason } = entry;
  await book.run.save({
    logicalId: record.logicalId,
    record,
    event: {
      logicalId: record.logicalId,
      type: generation.type,
      physicalId: generation.physicalId,
      status,
      ...(reason === undefined ? {} : { statusReason: reason }),
    },
  });
}

async function removeRecord(
  book: RunBook,
  handlers: Handlers,
  { record, retain }: { readonly record: ResourceRecord; readonly retain: boolean },
): Promise<StepResult> {
  const { logicalId } = record;
  const generations = [record.current, record.previous].filter((one) => one !== undefined);
  const doomed = retain
    ? []
    : generations.filter(({ deletionPolicy }) => deletionPolicy === 'Delete');
  if (generations.length > 0 && doomed.length === 0) {
    await book.forget(record, 'DELETE_SKIPPED');
    return 'done';
  }
  const { statusReason: _, ...rest } = record;
  if (doomed.length > 0) await book.write({ ...rest, status: 'DELETE_IN_PROGRESS' });
  for (const generation of doomed) {
    const reason = await deleteGeneration(book, handlers, { logicalId, generation });
    if (reason === undefined) continue;
    await book.write({ ...rest, status: 'DELETE_FAILED', statusReason: reason });
    return 'failed';
  }
  await book.forget(record, 'DELETE_COMPLETE');
  return 'done';
}

/** Asks up to three times, as CloudFormation does. Returns the reason when all attempts fail. */
async function deleteGeneration(
  book: RunBook,
  handlers: Handlers,
  {
    logicalId,
    generation,
  }: { readonly logicalId: string; readonly generation: ResourceGeneration },
): Promise<string | undefined> {
  const { type, properties, nameToken, physicalId } = generation;
  const handler = handlerFor(handlers, type);
  let reason: string | undefined;
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      await handler.delete({
        ...requestFor(book.run, { logicalId, type, properties, nameToken }),
        physicalId,
      });
      return undefined;
    } catch (error) {
      reason = explain(error);
    }
  }
  return reason;
}
