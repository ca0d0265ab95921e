// Event source mappings: create, get, list, update, delete.
import { ServiceError, present } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, mappingExists, mappingNotFound, streamMappingExists } from '../errors.ts';
import { MAPPINGS_MAX, applyMapping, stopPoller } from '../event-sources/mapping-lifecycle.ts';
import { type MappingState, presentMapping } from '../event-sources/present-mapping.ts';
import { deleteCheckpoints, putCheckpoint, readResult } from '../event-sources/stream-checkpoints.ts';
import { findStreamSource } from '../event-sources/stream-sources.ts';
import { type FunctionReference, parseFunctionReference } from '../function-reference.ts';
import { pageOf } from '../page.ts';
import { type ResolvedFunction, resolveFunction } from '../resolve.ts';
import {
  type MappingRecord,
  type StreamCheckpoint,
  mappingTags,
  mappings,
} from '../store.ts';
import { checkSource, readMappingSettings } from './mapping-settings.ts';
import { checkQueue } from './queue-settings.ts';
import { checkStartingPosition, firstCheckpoints, readStreamSettings } from './stream-settings.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;
type MappingOutput = OutputOf<'lambda', 'GetEventSourceMapping'>;

export async function createEventSourceMapping(
  input: CreateInput,
  context: RequestContext,
): Promise<MappingOutput> {
  const eventSourceArn = input.EventSourceArn ?? '';
  checkSource(eventSourceArn, input);
  const source = findStreamSource(eventSourceArn);
  if (source !== undefined) checkStartingPosition(source, input);
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { name, qualifier } = reference;
  const { version } = await context.store.read((view) => requireFunction(view, reference, context));
  const stream = source === undefined ? undefined : readStreamSettings(input, undefined);
  const mapping: MappingRecord = {
    uuid: randomUuid(context.random),
    eventSourceArn,
    functionName: name,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...readMappingSettings(input, eventSourceArn, undefined),
    ...(stream === undefined ? {} : { stream }),
    lastModifiedMs: context.nowMs,
  };
  const starts = await findStarts(mapping, version.timeoutSec, context);
  await context.store.transact(async (tx) => {
    const existing = await findMapping(tx, context, (other) => sameEnds(other, mapping));
    if (existing !== undefined) {
      const conflict = stream === undefined ? mappingExists : streamMappingExists;
      throw conflict(existing.uuid, eventSourceArn, name);
    }
    const key = [context.account, context.region, mapping.uuid];
    mappings.put(tx, key, mapping);
    if (input.Tags !== undefined) mappingTags.put(tx, key, input.Tags);
    for (const [shardId, checkpoint] of starts) {
      putCheckpoint(tx, { scope: context, uuid: mapping.uuid }, { shardId, checkpoint });
    }
  });
  applyMapping(context, mapping, context);
  return presentMapping(context, mapping, { state: 'Creating', result: undefined });
}

/** The queue or stream is there and goes with the function; where reading begins, by shard. */
async function findStarts(
  { eventSourceArn, stream }: MappingRecord,
  timeoutSec: number,
  context: RequestContext,
): Promise<ReadonlyMap<string, StreamCheckpoint>> {
  if (stream === undefined) {
    await checkQueue(eventSourceArn, timeoutSec, context);
    return new Map();
  }
  const source = present(findStreamSource(eventSourceArn), 'kind of the stream to be mapped');
  return firstCheckpoints(source, { streamArn: eventSourceArn, settings: stream }, context);
}

export async function getEventSourceMapping(
  input: InputOf<'lambda', 'GetEventSourceMapping'>,
  context: RequestContext,
): Promise<MappingOutput> {
  return context.store.read(async (view) =>
    describe(view, context, await requireMapping(view, context, input.UUID)),
  );
}

export async function listEventSourceMappings(
  input: InputOf<'lambda', 'ListEventSourceMappings'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListEventSourceMappings'>> {
  const wanted =
    input.FunctionName === undefined
      ? undefined
      : parseFunctionReference(input.FunctionName, undefined, context);
  const scope = [context.account, context.region];
  const rows = await context.store.read((view) => mappings.list(view, scope, { limit: MAPPINGS_MAX }));
  const all = rows
    .map((row) => row.value)
    .filter(
      (mapping) =>
        (wanted === undefined ||
          (mapping.functionName === wanted.name && mapping.qualifier === wanted.qualifier)) &&
        (input.EventSourceArn === undefined || mapping.eventSourceArn === input.EventSourceArn),
    );
  const { items, next } = pageOf(all, input, 100);
  const EventSourceMappings = await context.store.read((view) =>
    Promise.all(items.map((mapping) => describe(view, context, mapping))),
  );
  return { EventSourceMappings, ...next };
}

export async function updateEventSourceMapping(
  input: UpdateInput,
  context: RequestContext,
): Promise<MappingOutput> {
  const { mapping, previous, output } = await context.store.transact(async (tx) => {
    const before = await requireMapping(tx, context, input.UUID);
    checkSource(before.eventSourceArn, input);
    const reference =
      input.FunctionName === undefined
        ? undefined
        : parseFunctionReference(input.FunctionName, undefined, context);
    if (reference !== undefined) await requireFunction(tx, reference, context);
    const qualifier = reference === undefined ? before.qualifier : reference.qualifier;
    const changed: MappingRecord = {
      uuid: before.uuid,
      eventSourceArn: before.eventSourceArn,
      functionName: reference?.name ?? before.functionName,
      ...(qualifier === undefined ? {} : { qualifier }),
      ...readMappingSettings(input, before.eventSourceArn, before),
      ...(before.stream === undefined ? {} : { stream: readStreamSettings(input, before.stream) }),
      lastModifiedMs: context.nowMs,
    };
    mappings.put(tx, [context.account, context.region, changed.uuid], changed);
    const shown = await describe(tx, context, changed, stateOnTheWay(before, changed));
    return { mapping: changed, previous: before, output: shown };
  });
  // A change that changes nothing leaves the poller alone.
  if (!samePolling(previous, mapping)) applyMapping(context, mapping, context);
  return output;
}

/** AWS: what the answer shows while the change is on its way. <localstack, recorded> */
function stateOnTheWay(before: MappingRecord, after: MappingRecord): MappingState {
  if (before.enabled === after.enabled) return 'Updating';
  return after.enabled ? 'Enabling' : 'Disabling';
}

function samePolling(before: MappingRecord, after: MappingRecord): boolean {
  return JSON.stringify({ ...before, lastModifiedMs: 0 }) === JSON.stringify({ ...after, lastModifiedMs: 0 });
}

export async function deleteEventSourceMapping(
  input: InputOf<'lambda', 'DeleteEventSourceMapping'>,
  context: RequestContext,
): Promise<MappingOutput> {
  const output = await context.store.transact(async (tx) => {
    const found = await requireMapping(tx, context, input.UUID);
    const shown = await describe(tx, context, found, 'Deleting');
    const key = [context.account, context.region, found.uuid];
    mappings.delete(tx, key);
    mappingTags.delete(tx, key);
    await deleteCheckpoints(tx, { scope: context, uuid: found.uuid });
    return shown;
  });
  stopPoller(output.UUID ?? '', context);
  return output;
}

async function describe(
  view: ReadTx,
  context: RequestContext,
  mapping: MappingRecord,
  state: MappingState = mapping.enabled ? 'Enabled' : 'Disabled',
): Promise<MappingOutput> {
  const result = await readResult(view, { scope: context, uuid: mapping.uuid });
  return presentMapping(context, mapping, { state, result });
}

async function requireMapping(
  view: ReadTx,
  context: RequestContext,
  uuid: string | undefined,
): Promise<MappingRecord> {
  const mapping = await mappings.get(view, [context.account, context.region, uuid ?? '']);
  if (mapping === undefined) throw mappingNotFound();
  return mapping;
}

async function findMapping(
  view: ReadTx,
  context: RequestContext,
  matches: (mapping: MappingRecord) => boolean,
): Promise<MappingRecord | undefined> {
  const rows = await mappings.list(view, [context.account, context.region], { limit: MAPPINGS_MAX });
  return rows.map((row) => row.value).find(matches);
}

function sameEnds(a: MappingRecord, b: MappingRecord): boolean {
  return (
    a.eventSourceArn === b.eventSourceArn &&
    a.functionName === b.functionName &&
    a.qualifier === b.qualifier
  );
}

/** The function is there, with its version or alias, in the account of the mapping. */
async function requireFunction(
  view: ReadTx,
  reference: FunctionReference,
  context: RequestContext,
): Promise<ResolvedFunction> {
  try {
    if (reference.scope.account === context.account) return await resolveFunction(view, reference);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
  throw invalidParameter('Function does not exist');
}
