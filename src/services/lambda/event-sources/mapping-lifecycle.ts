// Starts and stops the pollers of event source mappings, so that what runs is what the store says.
import { type Scope, type WorkContext, localSlot } from '../../../kernel/context.ts';
import { pollQueue } from './queue-poller.ts';
import { type MappingRecord, mappings } from '../store.ts';
import { pollStream } from './stream-poller.ts';

/** Mappings of one account and region are found within this bound. */
export const MAPPINGS_MAX = 100_000;

/** What stops the poller of a mapping, by the mapping's UUID. */
const pollers = localSlot(() => new Map<string, AbortController>());

/** Runs once at start: every enabled mapping polls. */
export async function startAllMappings(context: WorkContext): Promise<void> {
  const rows = await context.store.read((view) => mappings.list(view, [], { limit: MAPPINGS_MAX }));
  for (const { key, value } of rows) {
    applyMapping({ account: String(key[0]), region: String(key[1]) }, value, context);
  }
}

/** Brings the poller of a mapping in line with its record, after the record was committed. */
export function applyMapping(scope: Scope, mapping: MappingRecord, context: WorkContext): void {
  const running = context.local(pollers);
  stopPoller(mapping.uuid, context);
  if (!mapping.enabled) return;
  const stop = new AbortController();
  running.set(mapping.uuid, stop);
  const { stream } = mapping;
  context.spawn('lambda/event-source-poller', scope, async (own) => {
    try {
      if (stream === undefined) await pollQueue(mapping, stop.signal, own);
      else await pollStream({ ...mapping, stream }, stop.signal, own);
    } finally {
      if (running.get(mapping.uuid) === stop) running.delete(mapping.uuid);
    }
  });
}

/** Takes in no more records; batches already with the function end by themselves. */
export function stopPoller(uuid: string, context: WorkContext): void {
  const running = context.local(pollers);
  running.get(uuid)?.abort(new Error('the mapping was changed'));
  running.delete(uuid);
}
