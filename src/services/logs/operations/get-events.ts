// GetLogEvents: pages of one stream, forwards or backwards.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { EventToken } from '../event-token.ts';
import { formatToken, parseToken } from '../event-token.ts';
import { invalidParameter, invalidToken } from '../errors.ts';
import { PAGE_MAX_BYTES, PAGE_MAX_EVENTS } from '../limits.ts';
import type { EventPosition, PlacedEvent } from '../log-group.ts';
import { expiryMs } from '../log-group.ts';
import { measureEvent } from '../put-rules.ts';
import { readEvents } from '../store.ts';
import { readGroupName, requireGroup, requireStream } from './locate-group.ts';

/**
 * AWS: both tokens are always returned; at an end the token given comes back, so a reader stops
 * when it sees the same token twice. Source: API reference, GetLogEvents.
 */
export async function getLogEvents(
  input: InputOf<'logs', 'GetLogEvents'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'GetLogEvents'>> {
  const name = readGroupName(input);
  const token = readToken(input.nextToken);
  checkTimes(input.startTime, input.endTime);
  const isForward =
    token === undefined ? input.startFromHead === true : token.direction === 'forward';
  const found = await ctx.store.read(async (view) => {
    const group = await requireGroup(view, ctx, name);
    const stream = await requireStream(view, group, input.logStreamName);
    return readEvents(
      view,
      { group, stream },
      {
        fromMs: Math.max(input.startTime ?? 0, expiryMs(group, ctx.nowMs)),
        toMs: input.endTime ?? Number.MAX_SAFE_INTEGER,
        beyond: token?.position,
        limit: input.limit ?? PAGE_MAX_EVENTS,
        reverse: !isForward,
      },
    );
  });
  const page = cutToSize(found);
  if (!isForward) page.reverse();
  return {
    events: page.map(({ timestampMs, message, ingestedMs }) => ({
      timestamp: timestampMs,
      message,
      ingestionTime: ingestedMs,
    })),
    ...describeEnds(page, { token, fallbackMs: input.startTime ?? 0 }),
  };
}

export function checkTimes(startMs: number | undefined, endMs: number | undefined): void {
  if (startMs !== undefined && endMs !== undefined && startMs > endMs) {
    throw invalidParameter('startTime must be less than or equal to endTime.');
  }
}

/** As many events from the start of the list as one answer may hold. */
function cutToSize(events: readonly PlacedEvent[]): PlacedEvent[] {
  let bytes = 0;
  const end = events.findIndex((event) => (bytes += measureEvent(event)) > PAGE_MAX_BYTES);
  return end === -1 ? [...events] : events.slice(0, Math.max(1, end));
}

function readToken(text: string | undefined): EventToken | undefined {
  if (text === undefined) return undefined;
  const token = parseToken(text);
  if (token === undefined) throw invalidToken();
  return token;
}

function describeEnds(
  page: readonly PlacedEvent[],
  { token, fallbackMs }: { token: EventToken | undefined; fallbackMs: number },
): { nextForwardToken: string; nextBackwardToken: string } {
  // An empty page stands where its token stood.
  const standing: EventPosition = token?.position ?? { timestampMs: fallbackMs, sequence: 0 };
  const first = page[0] ?? standing;
  const last = page.at(-1) ?? standing;
  return {
    nextForwardToken: formatToken({ direction: 'forward', position: last }),
    nextBackwardToken: formatToken({ direction: 'backward', position: first }),
  };
}
