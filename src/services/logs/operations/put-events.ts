// PutLogEvents.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { formatPosition } from '../event-token.ts';
import type { LogStream } from '../log-group.ts';
import { retentionMs } from '../log-group.ts';
import type { InputEvent, Sorting } from '../put-rules.ts';
import { checkBatch, measureEvent, sortOut } from '../put-rules.ts';
import { appendEvent, groupTopic, putStream } from '../store.ts';
import { requireGroup, requireStream } from './locate-group.ts';

/**
 * AWS: sequence tokens are accepted whatever they say and one is always returned.
 * Source: API reference, PutLogEvents.
 */
export async function putLogEvents(
  input: InputOf<'logs', 'PutLogEvents'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'PutLogEvents'>> {
  const events = (input.logEvents ?? []).map(({ timestamp, message }) => ({
    timestampMs: timestamp ?? 0,
    message: message ?? '',
  }));
  checkBatch(events);
  const sorting = await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, input.logGroupName);
    const stream = await requireStream(tx, group, input.logStreamName);
    const sorted = sortOut(events, { nowMs: ctx.nowMs, retentionMs: retentionMs(group) });
    for (const event of sorted.accepted) {
      appendEvent(tx, { group, stream, event: { ...event, ingestedMs: ctx.nowMs } });
    }
    if (sorted.accepted.length > 0) {
      putStream(tx, group, {
        stream: extend(stream, sorted.accepted, ctx.nowMs),
        previous: stream,
      });
      tx.notify(groupTopic(group));
    }
    return sorted;
  });
  return {
    nextSequenceToken: formatPosition({ timestampMs: ctx.nowMs, sequence: 0 }),
    ...describeRejected(sorting),
  };
}

function extend(stream: LogStream, events: readonly InputEvent[], nowMs: number): LogStream {
  const firstMs = events[0]?.timestampMs ?? nowMs;
  const lastMs = events.at(-1)?.timestampMs ?? nowMs;
  return {
    ...stream,
    firstEventMs: Math.min(stream.firstEventMs ?? firstMs, firstMs),
    lastEventMs: Math.max(stream.lastEventMs ?? lastMs, lastMs),
    lastIngestedMs: nowMs,
    storedBytes: events.reduce((sum, event) => sum + measureEvent(event), stream.storedBytes),
  };
}

function describeRejected({
  tooNewFrom,
  tooOldTo,
  expiredTo,
}: Sorting): Pick<OutputOf<'logs', 'PutLogEvents'>, 'rejectedLogEventsInfo'> {
  const info = {
    ...(tooNewFrom === undefined ? {} : { tooNewLogEventStartIndex: tooNewFrom }),
    ...(tooOldTo === undefined ? {} : { tooOldLogEventEndIndex: tooOldTo }),
    ...(expiredTo === undefined ? {} : { expiredLogEventEndIndex: expiredTo }),
  };
  return Object.keys(info).length === 0 ? {} : { rejectedLogEventsInfo: info };
}
