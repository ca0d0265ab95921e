// Follows what one invocation writes, from its START to its REPORT, wherever it runs.
import { setTimeout as delay } from 'node:timers/promises';
import { type CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { parseReport } from './report-line.ts';

const POLL_MS = 150;

export interface LoggedRequest {
  readonly logGroup: string;
  readonly requestId: string;
  /** Nothing of it was written before. */
  readonly fromMs: number;
}

/** Its lines as they come. Ends with the report; gives up when `signal` is aborted. */
export async function* followRequest(
  client: CloudWatchLogsClient,
  request: LoggedRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let shown = 0;
  while (!signal.aborted) {
    const lines = await readLines(client, request);
    for (const line of lines.slice(shown)) {
      yield line;
      if (parseReport(line)?.requestId === request.requestId) return;
    }
    shown = lines.length;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Its lines so far. An environment runs one invocation at a time: all that follows START is its own. */
async function readLines(client: CloudWatchLogsClient, request: LoggedRequest): Promise<string[]> {
  const { logGroup, requestId, fromMs } = request;
  const byStream = new Map<string, string[]>();
  try {
    const input = { logGroupName: logGroup, startTime: fromMs };
    for await (const page of paginateFilterLogEvents({ client }, input)) {
      for (const { logStreamName = '', message = '' } of page.events ?? []) {
        const lines = byStream.get(logStreamName) ?? [];
        byStream.set(logStreamName, [...lines, message.trimEnd()]);
      }
    }
  } catch (error) {
    // The group is made by the function's first line.
    if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
  }
  for (const lines of byStream.values()) {
    const start = lines.findIndex((line) => isStart(line) && line.includes(requestId));
    if (start < 0) continue;
    const end = lines.findIndex((line) => parseReport(line)?.requestId === requestId);
    return lines.slice(start, end < 0 ? undefined : end + 1);
  }
  return [];
}

function isStart(line: string): boolean {
  return line.startsWith('START ') || line.includes('"type":"platform.start"');
}
