// Functions to invoke: the smallest handler per runtime, and how to make a cold start happen.
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { ZipFile } from 'yazl';
import type { Scenario } from './load.ts';
import { signRequest } from './sign.ts';
import { clientSettings } from './workload.ts';

export interface BenchFunction {
  readonly name: string;
  readonly runtime: 'nodejs20.x' | 'python3.11';
  readonly file: string;
  readonly source: string;
}

export const FUNCTIONS: readonly BenchFunction[] = [
  {
    name: 'bench-node',
    runtime: 'nodejs20.x',
    file: 'index.mjs',
    source: 'export const handler = async (event) => ({ hello: event.name });\n',
  },
  {
    name: 'bench-python',
    runtime: 'python3.11',
    file: 'index.py',
    source: "def handler(event, context):\n    return {'hello': event['name']}\n",
  },
];

const PAYLOAD = JSON.stringify({ name: 'world' });
const WAIT_SEC = 30;

export async function createFunction(endpoint: string, made: BenchFunction): Promise<LambdaClient> {
  const iam = new IAMClient(clientSettings(endpoint));
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  });
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: `${made.name}-role`, AssumeRolePolicyDocument }),
  );
  iam.destroy();
  const lambda = new LambdaClient(clientSettings(endpoint));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: made.name,
      Runtime: made.runtime,
      Handler: 'index.handler',
      Role: Role?.Arn,
      MemorySize: 1769,
      Code: { ZipFile: await zip(made) },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: WAIT_SEC },
    { FunctionName: made.name },
  );
  return lambda;
}

async function zip({ file, source }: BenchFunction): Promise<Uint8Array> {
  const archive = new ZipFile();
  archive.addBuffer(Buffer.from(source), file);
  archive.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive.outputStream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Synchronous invocations over HTTP. */
export function invoking(endpoint: string, { name }: BenchFunction): Scenario {
  const path = `/2015-03-31/functions/${name}/invocations`;
  const request = signRequest(new URL(endpoint).host, {
    service: 'lambda',
    method: 'POST',
    path,
    body: PAYLOAD,
  });
  return async (connection) => {
    const { status, body } = await connection.send(request);
    if (status !== 200 || !body.includes('world'))
      throw new Error(`answered ${status}: ${body.toString()}`);
  };
}

/** How long the first invocation after a new configuration takes: no environment fits any more. */
export async function timeColdStart(
  lambda: LambdaClient,
  { name }: BenchFunction,
  round: number,
): Promise<number> {
  const Environment = { Variables: { ROUND: String(round) } };
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment }));
  await waitUntilFunctionUpdatedV2(
    { client: lambda, maxWaitTime: WAIT_SEC },
    { FunctionName: name },
  );
  const startMs = performance.now();
  const { FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: PAYLOAD }),
  );
  if (FunctionError !== undefined) throw new Error(`the function failed: ${FunctionError}`);
  return performance.now() - startMs;
}
