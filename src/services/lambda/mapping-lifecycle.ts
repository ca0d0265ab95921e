// Starts and stops the pollers of event source mappings, so that what runs is what the store says.
import type { Tx } from '../../base/store.ts';
import { type Scope, type WorkContext, localSlot } from '../../kernel/context.ts';
import { pollQueue } from './queue-poller.ts';
import { type MappingRecord, mappings } from './store.ts';

/** Mappings of one account and region are found within this bound. */
export const MAPPINGS_MAX = 100_000;

interface RunningPoller {
  readonly stop: AbortController;
  /** Resolves when it has stopped. */
  readonly ended: Promise<void>;
  readonly lastModifiedMs: number;
}

const pollers = localSlot(() => new Map<string, RunningPoller>());

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
  let ended = (): void => {};
  const poller: RunningPoller = {
    stop,
    ended: new Promise((resolve) => {
      ended = resolve;
    }),
    lastModifiedMs: mapping.lastModifiedMs,
  };
  running.set(mapping.uuid, poller);
  context.spawn('lambda/queue-poller', scope, async (own) => {
    try {
      await pollQueue(mapping, stop.signal, own);
    } finally {
      if (running.get(mapping.uuid) === poller) running.delete(mapping.uuid);
      ended();
    }
  });
}

/** Takes in no more records; batches already with the function end by themselves. */
export function stopPoller(uuid: string, context: WorkContext): void {
  const running = context.local(pollers);
  running.get(uuid)?.stop.abort(new Error('the mapping was changed'));
  running.delete(uuid);
}

export function isPolling(uuid: string, context: WorkContext): boolean {
  return context.local(pollers).has(uuid);
}

/** With its function, a mapping goes: in AWS it stays and fails; here nothing is left behind. */
export async function stopMappingsOf(
  tx: Tx,
  context: WorkContext,
  target: { readonly scope: Scope; readonly name: string },
): Promise<void> {
  const { scope, name } = target;
  const rows = await mappings.list(tx, [scope.account, scope.region], { limit: MAPPINGS_MAX });
  for (const { key, value } of rows) {
    if (value.functionName !== name) continue;
    mappings.delete(tx, key);
    // Harmless when the transaction runs again: a stopped poller of a living mapping is restarted.
    stopPoller(value.uuid, context);
  }
}
