// Functions on networks that lead to the cloud alone: its services answer them, its controls do not.
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { createCloud } from '../testing/create-cloud.ts';
import { openCloud } from './cloud.ts';

const SOURCE = `import { SQSClient, CreateQueueCommand } from '@aws-sdk/client-sqs';
export const handler = async () => {
  const { QueueUrl } = await new SQSClient({}).send(new CreateQueueCommand({ QueueName: 'made-inside' }));
  const url = process.env.AWS_ENDPOINT_URL;
  const control = async (method, path) => (await fetch(url + path, { method, body: method === 'GET' ? undefined : '{}' })).status;
  return [QueueUrl.split('/').at(-1), await control('POST', '/_cloudlet/stop'), await control('GET', '/_cloudlet/audit'), await control('GET', '/_cloudlet/health')];
};`;

const able = existsSync('/usr/bin/bwrap') && existsSync('/usr/bin/python3');

describe.skipIf(!able)('a cloud whose functions reach it alone (skipped without bubblewrap and python3)', () => {
  test('its services answer inside, its controls do not; its health tells how functions are kept apart', async () => {
    await using cloud = await createCloud({ isolation: 'sandbox', functionNetwork: 'cloud' });
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from(SOURCE), 'index.mjs');
    zip.end();
    const lambda = cloud.client(LambdaClient);
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'inside',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/any',
        Code: { ZipFile: await buffer(zip.outputStream) },
        Timeout: 30,
      }),
    );
    await cloud.settle();
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: 'inside' }));
    expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toEqual(['made-inside', 403, 403, 200]);
    const health = (await (await fetch(`${cloud.endpoint}/_cloudlet/health`)).json()) as { isolation: unknown };
    expect(health.isolation).toMatchObject({ driver: 'sandbox', network: 'cloud' });
  });
});

test('a network or a sandbox that cannot be had is an error at the start', async () => {
  await expect(openCloud({ isolation: 'process', functionNetwork: 'cloud' })).rejects.toMatchObject({
    code: 'ERR_ISOLATION',
    message: 'functions cannot be kept from the network without the sandbox: the plain-process driver was asked for',
  });
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await expect(openCloud({ isolation: 'sandbox' })).rejects.toMatchObject({ code: 'ERR_ISOLATION' });
  } finally {
    process.env['PATH'] = path;
  }
});
