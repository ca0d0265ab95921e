// `cloudlet invoke`: runs a function and shows what it answered.
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { UserError } from '../../base/errors.ts';
import { type Arguments, type Command, REMOTE_OPTIONS, usageError } from '../command.ts';
import { connect } from '../connection.ts';
import { findFunction } from '../find-function.ts';

export const invoke: Command = {
  name: 'invoke',
  usage: 'FUNCTION [--data JSON | --event FILE]',
  about: 'run a function and show its answer',
  help: `FUNCTION is a function's name, its ARN, or its logical id in a template. The event is --data, or the
file named by --event (- reads standard input), or {}.

  cloudlet invoke RegisterFunction --data '{"body": "{}"}'
  cloudlet invoke my-stack-Resize-1X2Y --event event.json --log
  cloudlet invoke Cleanup --async`,
  options: {
    ...REMOTE_OPTIONS,
    data: { type: 'string', value: 'JSON', about: 'the event' },
    event: { type: 'string', value: 'FILE', about: 'file that holds the event; - is standard input' },
    async: { type: 'boolean', about: 'hand the event over and do not wait for the answer' },
    log: { type: 'boolean', about: 'show what the function wrote' },
  },
  positionals: 1,
  async run(args, terminal) {
    const [name] = args.positionals;
    if (name === undefined) throw usageError(invoke, 'which function?');
    const payload = await readEvent(args);
    const connection = await connect(args);
    const { LambdaClient, InvokeCommand } = await import('@aws-sdk/client-lambda');
    const client = new LambdaClient(connection.clientSettings);
    const FunctionName = await findFunction(client, name);
    const InvocationType = args.flag('async') ? 'Event' : 'RequestResponse';
    const LogType = args.flag('async') ? 'None' : 'Tail';
    const answer = await client.send(
      new InvokeCommand({ FunctionName, InvocationType, LogType, Payload: new TextEncoder().encode(payload) }),
    );
    const body = answer.Payload === undefined ? '' : Buffer.from(answer.Payload).toString('utf8');
    const log = answer.LogResult === undefined ? '' : Buffer.from(answer.LogResult, 'base64').toString('utf8');
    if (args.flag('log')) terminal.say(terminal.style('dim', log.trimEnd()));
    const { StatusCode, FunctionError, ExecutedVersion } = answer;
    terminal.result(
      { statusCode: StatusCode, functionError: FunctionError, executedVersion: ExecutedVersion, payload: parse(body), log },
      args.flag('async') ? `accepted by ${FunctionName}` : body,
    );
    if (FunctionError !== undefined) process.exitCode = 1;
  },
};

async function readEvent(args: Arguments): Promise<string> {
  const file = args.text('event');
  const data = args.text('data') ?? (file === undefined ? '{}' : await readEventFile(file));
  try {
    JSON.parse(data);
  } catch (error) {
    throw new UserError('ERR_EVENT', `the event is not JSON: ${error instanceof Error ? error.message : ''}`, {
      where: file ?? '--data',
      fix: 'quote it for your shell, or put it in a file and use --event FILE',
    });
  }
  return data;
}

async function readEventFile(file: string): Promise<string> {
  try {
    return file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('ERR_EVENT', `cannot read the event: ${String(error)}`, { where: file, cause: error });
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
