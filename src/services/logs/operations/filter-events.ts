// FilterLogEvents: the events of many streams, in order of time, that match a pattern.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { formatPosition, parsePosition } from '../event-token.ts';
import { invalidParameter, invalidToken } from '../errors.ts';
import { compileFilterPattern } from '../filter-pattern.ts';
import type { MessageFilter } from '../filter-syntax.ts';
import { FilterSyntaxError } from '../filter-syntax.ts';
import { ERASE_BATCH, PAGE_MAX_BYTES, PAGE_MAX_EVENTS, SCAN_MAX_EVENTS } from '../limits.ts';
import type { EventPosition, LogGroup, LogStream } from '../log-group.ts';
import { expiryMs } from '../log-group.ts';
import { createMergedReader } from '../merged-reader.ts';
import { measureEvent } from '../put-rules.ts';
import { findStream, listStreams } from '../store.ts';
import { checkTimes } from './get-events.ts';
import { readGroupName, requireGroup } from './locate-group.ts';

type Input = InputOf<'logs', 'FilterLogEvents'>;
type Output = OutputOf<'logs', 'FilterLogEvents'>;

export async function filterLogEvents(input: Input, ctx: RequestContext): Promise<Output> {
  const name = readGroupName(input);
  if (input.logStreamNames !== undefined && input.logStreamNamePrefix !== undefined) {
    throw invalidParameter(
      'Only one of the parameters logStreamNames and logStreamNamePrefix can be specified.',
    );
  }
  checkTimes(input.startTime, input.endTime);
  const filter = compile(input.filterPattern ?? '');
  const beyond = readPosition(input.nextToken);
  const group = await ctx.store.read((view) => requireGroup(view, ctx, name));
  const range = {
    fromMs: Math.max(input.startTime ?? 0, expiryMs(group, ctx.nowMs)),
    // AWS: events with a timestamp later than the end are left out, so the end itself is in.
    toMs: (input.endTime ?? Number.MAX_SAFE_INTEGER - 1) + 1,
  };
  const streams = (await findStreams(ctx, { group, input })).filter(
    (stream) =>
      stream.lastEventMs !== undefined &&
      stream.lastEventMs >= Math.max(range.fromMs, beyond?.timestampMs ?? 0) &&
      (stream.firstEventMs ?? 0) < range.toMs,
  );
  const reader = createMergedReader(ctx.store, { group, streams, range, beyond });
  return collect(reader, { filter, limit: input.limit ?? PAGE_MAX_EVENTS });
}

async function collect(
  reader: ReturnType<typeof createMergedReader>,
  { filter, limit }: { filter: MessageFilter; limit: number },
): Promise<Output> {
  const events: NonNullable<Output['events']> = [];
  let last: EventPosition | undefined;
  let bytes = 0;
  for (let scanned = 0; ; scanned++) {
    const next = await reader.next();
    if (next === undefined) return { events, searchedLogStreams: [] };
    const { stream, event } = next;
    const isMatch = filter(event.message) !== undefined;
    if (isMatch) bytes += measureEvent(event);
    // There is more: the token says after which event to go on.
    const isFull = events.length === limit || (bytes > PAGE_MAX_BYTES && events.length > 0);
    if (last !== undefined && ((isMatch && isFull) || scanned === SCAN_MAX_EVENTS)) {
      return { events, searchedLogStreams: [], nextToken: formatPosition(last) };
    }
    if (isMatch) {
      events.push({
        logStreamName: stream.name,
        timestamp: event.timestampMs,
        message: event.message,
        ingestionTime: event.ingestedMs,
        eventId: formatPosition(event),
      });
    }
    last = event;
  }
}

async function findStreams(
  ctx: RequestContext,
  { group, input }: { group: LogGroup; input: Input },
): Promise<LogStream[]> {
  const { logStreamNames: names, logStreamNamePrefix: prefix = '' } = input;
  if (names !== undefined) {
    const found = await ctx.store.read((view) =>
      Promise.all([...new Set(names)].map((name) => findStream(view, group, name))),
    );
    return found.filter((stream) => stream !== undefined);
  }
  const streams: LogStream[] = [];
  for (let after: string | undefined; ;) {
    const from = after;
    const page = await ctx.store.read((view) =>
      listStreams(view, group, { prefix, after: from, limit: ERASE_BATCH }),
    );
    streams.push(...page);
    after = page.at(-1)?.name;
    if (page.length < ERASE_BATCH) return streams;
  }
}

function compile(pattern: string): MessageFilter {
  try {
    return compileFilterPattern(pattern);
  } catch (error) {
    if (error instanceof FilterSyntaxError) throw invalidParameter(error.message);
    throw error;
  }
}

function readPosition(token: string | undefined): EventPosition | undefined {
  if (token === undefined) return undefined;
  const position = parsePosition(token);
  if (position === undefined) throw invalidToken();
  return position;
}
