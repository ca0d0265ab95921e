// Takes back what an operation did: updates reverted, replacements swapped back, creates set aside for deletion.
import type { ResourceHandler } from '../kernel/resources.ts';
import type {
  ResourceGeneration,
  ResourceRecord,
  RunOutcome,
  StackRun,
} from '../kernel/templates.ts';
import type { Handlers } from './bind-template.ts';
import { reverse, walk } from './graph.ts';
import type { StepResult } from './graph.ts';
import { findMade } from './leftovers.ts';
import { handlerFor } from './remove.ts';
import { CONCURRENCY, createRunBook, explain, outcomeOf, requestFor } from './run-book.ts';
import type { RunBook } from './run-book.ts';

/**
 * Reverts, dependents first. What was created stays as `previous` without `current`; `removeResources` with
 * `left-behind` deletes it afterwards. Safe to call again: a record that is reverted has no change any more.
 */
export async function undoChanges(handlers: Handlers, run: StackRun): Promise<RunOutcome> {
  const book = createRunBook(run);
  const touched = book.all().filter(({ change }) => change?.operationId === run.operationId);
  const graph = new Map(
    touched.map(({ logicalId, change }) => [logicalId, change?.intended.dependsOn ?? []]),
  );
  const { failed } = await walk(
    reverse(graph),
    async (logicalId) => {
      const record = book.get(logicalId);
      return record === undefined ? 'done' : revert(book, handlers, record);
    },
    { concurrency: CONCURRENCY, keepGoing: true, stop: () => false },
  );
  return outcomeOf(book, failed, false);
}

async function revert(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<StepResult> {
  const { change } = record;
  switch (change?.kind) {
    case undefined:
      return 'done';
    case 'create':
      return revertCreate(book, handlers, record);
    case 'replace':
      return revertReplace(book, handlers, record);
    case 'update':
      return revertUpdate(book, handlers, record);
    case 'keep':
    case 'drop':
      await book.write(restored(record, record.previous), { event: false });
      return 'done';
  }
}

/** The record as it was before the operation, with `leftover` waiting to be deleted. */
function restored(
  record: ResourceRecord,
  current: ResourceGeneration | undefined,
  leftover?: ResourceGeneration,
): ResourceRecord {
  return {
    logicalId: record.logicalId,
    type: current?.type ?? record.type,
    status: current === undefined ? record.status : 'UPDATE_COMPLETE',
    ...(current === undefined ? {} : { current }),
    // Made by an operation that failed, it goes whatever the policies say of a resource in force; only a
    // plain Retain of a first creation is kept.
    ...(leftover === undefined ? {} : { previous: expendable(leftover) }),
  };
}

function expendable(generation: ResourceGeneration): ResourceGeneration {
  const deletionPolicy = generation.deletionPolicy === 'Retain' ? 'Retain' : 'Delete';
  return { ...generation, deletionPolicy, updateReplacePolicy: 'Delete' };
}

async function revertCreate(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<StepResult> {
  const made = record.current ?? (await findLeftover(book, handlers, record));
  const leftover =
    record.change?.state === 'done' ? made : made && { ...made, deletionPolicy: 'Delete' as const };
  await book.write(restored(record, undefined, leftover), { event: false });
  return 'done';
}

async function revertReplace(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<StepResult> {
  const isDone = record.change?.state === 'done';
  const before = isDone ? record.previous : record.current;
  const made = isDone ? record.current : await findLeftover(book, handlers, record);
  await book.write(restored(record, before, made));
  return 'done';
}

/** What a create that failed or was interrupted may have left half-made. */
async function findLeftover(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<ResourceGeneration | undefined> {
  const { change } = record;
  if (change === undefined) return undefined;
  const { intended } = change;
  const handler = handlerFor(handlers, intended.type);
  const { properties, nameToken } = intended;
  try {
    const request = requestFor(book.run, {
      logicalId: record.logicalId,
      type: intended.type,
      properties,
      nameToken,
    });
    const found = await findMade(handler, request, change);
    return found === undefined ? undefined : { ...intended, physicalId: found, attributes: {} };
  } catch {
    // Not to be found out: the create's own failure is already in the events.
    return undefined;
  }
}

async function revertUpdate(
  book: RunBook,
  handlers: Handlers,
  record: ResourceRecord,
): Promise<StepResult> {
  const isDone = record.change?.state === 'done';
  const before = isDone ? record.previous : record.current;
  const attempted = isDone ? record.current?.properties : record.change?.intended.properties;
  if (before === undefined || attempted === undefined) return 'done';
  if (isDone && record.current !== undefined && record.current.physicalId !== before.physicalId) {
    // The update made a new resource by itself (custom resources may): the old one still stands.
    await book.write(restored(record, before, record.current));
    return 'done';
  }
  const handler = handlerFor(handlers, before.type);
  await book.write({ ...record, status: 'UPDATE_IN_PROGRESS' }, { properties: before.properties });
  const result = await tryRestore(book, handler, {
    logicalId: record.logicalId,
    before,
    attempted,
  });
  if ('reason' in result) {
    await book.write({ ...record, status: 'UPDATE_FAILED', statusReason: result.reason });
    return 'failed';
  }
  await book.write(restored(record, result.generation), { properties: before.properties });
  return 'done';
}

async function tryRestore(
  book: RunBook,
  handler: ResourceHandler,
  subject: {
    readonly logicalId: string;
    readonly before: ResourceGeneration;
    readonly attempted: ResourceGeneration['properties'];
  },
): Promise<{ readonly generation: ResourceGeneration } | { readonly reason: string }> {
  const { logicalId, before, attempted } = subject;
  const { type, properties, nameToken, physicalId } = before;
  try {
    if (handler.update === undefined) return { generation: before };
    const request = requestFor(book.run, { logicalId, type, properties, nameToken });
    const result = await handler.update({ ...request, physicalId, previous: attempted });
    return {
      generation: {
        ...before,
        physicalId: result.physicalId,
        attributes: result.attributes ?? before.attributes,
      },
    };
  } catch (error) {
    return { reason: explain(error) };
  }
}
