// `cloudlet invoke`: runs a function and shows what it answered, and what it wrote.
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import type { InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { UserError } from '../../base/errors.ts';
import { type Arguments, type Command, type OptionSpec, REMOTE_OPTIONS, usageError } from '../command.ts';
import { type Connection, connect } from '../connection.ts';
import { findFunction } from '../find-function.ts';
import { findReport, readableLine } from '../report-line.ts';
import type { Terminal } from '../terminal.ts';

/** No function runs longer. */
const FOLLOW_MAX_MS = 900_000;

/** The event of commands that run a function. */
export const EVENT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  data: { type: 'string', value: 'JSON', about: 'the event' },
  event: { type: 'string', value: 'FILE', about: 'file that holds the event; - is standard input' },
};

export const invoke: Command = {
  name: 'invoke',
  usage: 'FUNCTION [--data JSON | --event FILE|-]',
  about: 'run a function and show its answer',
  help: `FUNCTION is a function's name, its ARN, or its logical id in a template. The event is --data, or the
file named by --event (- reads standard input), or {}. The answer goes to standard output, all else to
standard error. Exit code 1 when the function failed.

  cloudlet invoke RegisterFunction --data '{"body": "{}"}'
  cloudlet invoke my-stack-Resize-1X2Y --event event.json --tail
  cloudlet generate-event s3 put --key cat.jpg | cloudlet invoke Resize --event -
  cloudlet invoke Checkout --qualifier live
  cloudlet invoke Cleanup --async --tail      returns when it has run`,
  options: {
    ...REMOTE_OPTIONS,
    ...EVENT_OPTIONS,
    qualifier: { type: 'string', value: 'NAME', about: 'a version number or an alias' },
    async: { type: 'boolean', about: 'hand the event over and do not wait for the answer' },
    tail: { type: 'boolean', about: 'show what the function writes (with --async: until it has run)' },
    log: { type: 'boolean', about: 'the same as --tail' },
    'client-context': { type: 'string', value: 'JSON', about: 'client context for the function' },
  },
  positionals: 1,
  async run(args, terminal) {
    const [name] = args.positionals;
    if (name === undefined) throw usageError(invoke, 'which function?');
    const payload = await readEvent(args);
    const connection = await connect(args);
    const { LambdaClient } = await import('@aws-sdk/client-lambda');
    const client = new LambdaClient(connection.clientSettings);
    const functionName = await findFunction(client, name);
    if (args.flag('async')) await invokeAsync({ args, connection, client, functionName, payload, terminal });
    else await invokeSync({ args, connection, client, functionName, payload, terminal });
  },
};

interface Invocation {
  readonly args: Arguments;
  readonly connection: Connection;
  readonly client: LambdaClient;
  readonly functionName: string;
  readonly payload: string;
  readonly terminal: Terminal;
}

async function send(
  { args, client, functionName, payload }: Invocation,
  InvocationType: 'Event' | 'RequestResponse',
): Promise<InvokeCommandOutput> {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda');
  const clientContext = args.text('client-context');
  return client.send(
    new InvokeCommand({
      FunctionName: functionName,
      InvocationType,
      LogType: InvocationType === 'Event' ? 'None' : 'Tail',
      Qualifier: args.text('qualifier'),
      ...(clientContext === undefined
        ? {}
        : { ClientContext: Buffer.from(clientContext).toString('base64') }),
      Payload: new TextEncoder().encode(payload),
    }),
  );
}

async function invokeSync(invocation: Invocation): Promise<void> {
  const { args, functionName, terminal } = invocation;
  const answer = await send(invocation, 'RequestResponse');
  const body = answer.Payload === undefined ? '' : Buffer.from(answer.Payload).toString('utf8');
  const log = answer.LogResult === undefined ? '' : Buffer.from(answer.LogResult, 'base64').toString('utf8');
  if (wantsLog(args)) for (const line of log.trimEnd().split('\n')) showLine(line, terminal);
  const { StatusCode, FunctionError, ExecutedVersion, $metadata } = answer;
  terminal.result(
    {
      function: functionName,
      requestId: $metadata.requestId,
      statusCode: StatusCode,
      functionError: FunctionError,
      executedVersion: ExecutedVersion,
      payload: parse(body),
      report: findReport(log),
      log,
    },
    body,
  );
  if (FunctionError !== undefined) process.exitCode = 1;
}

async function invokeAsync(invocation: Invocation): Promise<void> {
  const { args, connection, functionName, terminal } = invocation;
  const sentMs = Date.parse(String((await connection.control('clock'))['now']));
  const { StatusCode, $metadata } = await send(invocation, 'Event');
  const requestId = $metadata.requestId ?? '';
  const accepted = { function: functionName, requestId, statusCode: StatusCode };
  if (!wantsLog(args)) {
    terminal.result(accepted, `accepted by ${functionName} (request ${requestId})`);
    return;
  }
  terminal.say(terminal.style('dim', `accepted by ${functionName} (request ${requestId})`));
  const lines: string[] = [];
  for await (const line of await followLines(invocation, requestId, sentMs)) {
    lines.push(line);
    showLine(line, terminal);
  }
  const log = lines.join('\n');
  terminal.result({ ...accepted, report: findReport(log), log }, '');
}

async function followLines(
  { args, connection, client, functionName }: Invocation,
  requestId: string,
  fromMs: number,
): Promise<AsyncIterable<string>> {
  const [{ GetFunctionConfigurationCommand }, { CloudWatchLogsClient }, { followRequest }] = await Promise.all([
    import('@aws-sdk/client-lambda'),
    import('@aws-sdk/client-cloudwatch-logs'),
    import('../request-log.ts'),
  ]);
  const { LoggingConfig } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName, Qualifier: args.text('qualifier') }),
  );
  const logGroup = LoggingConfig?.LogGroup ?? `/aws/lambda/${functionName}`;
  return followRequest(
    new CloudWatchLogsClient(connection.clientSettings),
    { logGroup, requestId, fromMs },
    AbortSignal.timeout(FOLLOW_MAX_MS),
  );
}

function wantsLog(args: Arguments): boolean {
  return args.flag('tail') || args.flag('log');
}

function showLine(line: string, terminal: Terminal): void {
  const readable = readableLine(line, terminal);
  if (readable !== undefined) terminal.say(readable);
}

/** The event as JSON text, checked. Throws ERR_EVENT. */
export async function readEvent(args: Arguments): Promise<string> {
  const file = args.text('event');
  const given = args.text('data');
  if (file !== undefined && given !== undefined) {
    throw new UserError('ERR_USAGE', 'the event comes from --data or from --event, not from both');
  }
  const data = given ?? (file === undefined ? '{}' : await readEventFile(file));
  try {
    JSON.parse(data);
  } catch (error) {
    throw new UserError('ERR_EVENT', `the event is not JSON: ${error instanceof Error ? error.message : ''}`, {
      where: file === '-' ? 'standard input' : (file ?? '--data'),
      fix: 'quote it for your shell, or put it in a file and use --event FILE',
    });
  }
  return data;
}

async function readEventFile(file: string): Promise<string> {
  try {
    return file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('ERR_EVENT', `cannot read the event: ${error instanceof Error ? error.message : String(error)}`, {
      where: file,
      fix: 'name a file that is there, or - for standard input; `cloudlet generate-event` makes samples',
      cause: error,
    });
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
