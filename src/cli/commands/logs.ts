// `cloudlet logs`: what a function wrote, and what it writes.
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { parseDuration } from '../../base/duration.ts';
import { type Command, REMOTE_OPTIONS, usageError } from '../command.ts';
import { type Connection, connect } from '../connection.ts';
import { findFunction } from '../find-function.ts';
import type { Terminal } from '../terminal.ts';

const TAIL_EVERY_MS = 400;

export const logs: Command = {
  name: 'logs',
  usage: 'FUNCTION [--tail]',
  about: 'show what a function wrote',
  help: `FUNCTION is a function's name or its logical id, or the name of a log group (with a slash).

  cloudlet logs RegisterFunction
  cloudlet logs RegisterFunction --tail
  cloudlet logs /aws/lambda/my-fn --since 10m --filter ERROR`,
  options: {
    ...REMOTE_OPTIONS,
    tail: { type: 'boolean', about: 'go on showing new lines until Ctrl-C' },
    since: { type: 'string', value: 'DURATION', about: 'how far back to begin', default: '1h' },
    filter: { type: 'string', value: 'PATTERN', about: 'a CloudWatch Logs filter pattern' },
  },
  positionals: 1,
  async run(args, terminal) {
    const [name] = args.positionals;
    if (name === undefined) throw usageError(logs, 'which function or log group?');
    const sinceMs = parseDuration(args.text('since') ?? '1h');
    const connection = await connect(args);
    const query: LogQuery = {
      group: await findGroup(connection, name),
      fromMs: (await cloudNowMs(connection)) - sinceMs,
      pattern: args.text('filter'),
    };
    const client = new CloudWatchLogsClient(connection.clientSettings);
    const seen = new Set<string>();
    do {
      await printNew(client, query, { seen, terminal });
      if (args.flag('tail')) await delay(TAIL_EVERY_MS);
    } while (args.flag('tail'));
  },
};

interface LogQuery {
  readonly group: string;
  readonly fromMs: number;
  readonly pattern: string | undefined;
}

async function printNew(
  client: CloudWatchLogsClient,
  query: LogQuery,
  { seen, terminal }: { seen: Set<string>; terminal: Terminal },
): Promise<void> {
  const input = {
    logGroupName: query.group,
    startTime: query.fromMs,
    ...(query.pattern === undefined ? {} : { filterPattern: query.pattern }),
  };
  try {
    for await (const page of paginateFilterLogEvents({ client }, input)) {
      for (const event of page.events ?? []) {
        const id = event.eventId ?? '';
        if (seen.has(id)) continue;
        seen.add(id);
        const time = new Date(event.timestamp ?? 0).toISOString();
        const line = `${terminal.style('dim', time)} ${(event.message ?? '').trimEnd()}`;
        terminal.result({ time, stream: event.logStreamName, message: event.message }, line);
      }
    }
  } catch (error) {
    // The group is made by the function's first line: until then there is nothing to show.
    if (!(error instanceof Error) || error.name !== 'ResourceNotFoundException') throw error;
  }
}

async function findGroup(connection: Connection, name: string): Promise<string> {
  if (name.includes('/')) return name;
  const client = new LambdaClient(connection.clientSettings);
  const FunctionName = await findFunction(client, name);
  const { LoggingConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  return LoggingConfig?.LogGroup ?? `/aws/lambda/${FunctionName}`;
}

async function cloudNowMs(connection: Connection): Promise<number> {
  const { now } = await connection.control('clock');
  return Date.parse(String(now));
}
