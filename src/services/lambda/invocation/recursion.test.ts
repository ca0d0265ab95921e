// Loops of invocations: found by the lineage in their traces, over calls, queues, topics and destinations.
import * as L from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let sqs: SQSClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  sqs = cloud.client(SQSClient);
});
afterEach(async () => {
  await cloud.settle();
  await cloud.close();
});

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000';

async function createQueue(QueueName: string): Promise<string> {
  return (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
}

async function countMessages(QueueUrl: string): Promise<number> {
  let count = 0;
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 }),
    );
    count += Messages.length;
    if (Messages.length === 0) return count;
  }
}

/** Notes each run in the queue `runs`, then goes on as `next` says, as long as there are runs to go. */
function looping(runsUrl: string, next: string, imports = ''): string {
  return `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
    ${imports}
    const sqs = new SQSClient({});
    export const handler = async (event, context) => {
      // Not a part of the loop: without a trace.
      const trace = process.env._X_AMZN_TRACE_ID;
      delete process.env._X_AMZN_TRACE_ID;
      await sqs.send(new SendMessageCommand({ QueueUrl: '${runsUrl}', MessageBody: trace ?? 'none' }));
      process.env._X_AMZN_TRACE_ID = trace;
      ${next}
    };`;
}

const CALLS_ITSELF = `await new LambdaClient({}).send(new InvokeCommand({
  FunctionName: context.functionName, InvocationType: 'Event', Payload: '{}' }));`;
const LAMBDA = "import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';";

test('a function that invokes itself is stopped after sixteen runs; its event is a dead letter', async () => {
  const runs = await createQueue('runs');
  const dead = await createQueue('dead');
  await createNodeFunction(lambda, 'fn', {
    source: looping(runs, CALLS_ITSELF, LAMBDA),
    Timeout: 30,
    DeadLetterConfig: { TargetArn: `${QUEUE}:dead` },
  });
  await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
  await cloud.settle();
  // <developer guide, "Recursive loop detection">: approximately 16 times.
  expect(await countMessages(runs)).toBe(16);
  expect(await countMessages(dead)).toBe(1);
});

test('where it is allowed the loop goes on; a synchronous caller is told', async () => {
  const runs = await createQueue('runs');
  await createNodeFunction(lambda, 'fn', {
    source: looping(
      runs,
      `const n = event.n ?? 0;
       if (n < 24) await new LambdaClient({}).send(new InvokeCommand({
         FunctionName: context.functionName, InvocationType: 'Event', Payload: JSON.stringify({ n: n + 1 }) }));`,
      LAMBDA,
    ),
    Timeout: 30,
  });
  await lambda.send(new L.PutFunctionRecursionConfigCommand({ FunctionName: 'fn', RecursiveLoop: 'Allow' }));
  await lambda.send(new L.InvokeCommand({ FunctionName: 'fn', Payload: '{}' }));
  await cloud.settle();
  expect(await countMessages(runs)).toBe(25);

  await createNodeFunction(lambda, 'sync', {
    source: `${LAMBDA}
      export const handler = async (event, context) => {
        const { Payload, FunctionError } = await new LambdaClient({ maxAttempts: 1 }).send(
          new InvokeCommand({ FunctionName: context.functionName, Payload: '{}' }))
          .catch((error) => ({ FunctionError: error.name + ': ' + error.message }));
        return FunctionError ?? JSON.parse(Buffer.from(Payload).toString());
      };`,
    Timeout: 60,
  });
  const { Payload } = await lambda.send(new L.InvokeCommand({ FunctionName: 'sync' }));
  // Message of the API model, RecursiveInvocationException.
  expect(JSON.parse(Buffer.from(Payload ?? []).toString())).toBe(
    "RecursiveInvocationException: Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
  );
}, 60_000);

test('a loop over a queue', async () => {
  const runs = await createQueue('runs');
  const loop = await createQueue('loop');
  await createNodeFunction(lambda, 'fn', {
    source: looping(runs, `await sqs.send(new SendMessageCommand({ QueueUrl: '${loop}', MessageBody: 'again' }));`),
    Timeout: 20,
  });
  await lambda.send(
    new L.CreateEventSourceMappingCommand({ FunctionName: 'fn', EventSourceArn: `${QUEUE}:loop` }),
  );
  await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
  await cloud.clock.advance('20s');
  expect(await countMessages(runs)).toBe(16);
});

test('a loop over a topic, and one over a destination', async () => {
  const runs = await createQueue('runs');
  const sns = cloud.client(SNSClient);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'loop' }));
  await createNodeFunction(lambda, 'over-topic', {
    source: looping(
      runs,
      `await new SNSClient({}).send(new PublishCommand({ TopicArn: '${TopicArn}', Message: 'again' }));`,
      "import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';",
    ),
    Timeout: 30,
  });
  await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: `${FUNCTION}:over-topic` }),
  );
  await lambda.send(new L.InvokeCommand({ FunctionName: 'over-topic' }));
  await cloud.settle();
  expect(await countMessages(runs)).toBe(16);

  for (const name of ['ping', 'pong']) {
    await createNodeFunction(lambda, name, { source: looping(runs, 'return 1;'), Timeout: 30 });
  }
  for (const [from, to] of [['ping', 'pong'], ['pong', 'ping']] as const) {
    const OnSuccess = { Destination: `${FUNCTION}:${to}` };
    await lambda.send(
      new L.PutFunctionEventInvokeConfigCommand({ FunctionName: from, DestinationConfig: { OnSuccess } }),
    );
  }
  await lambda.send(new L.InvokeCommand({ FunctionName: 'ping', InvocationType: 'Event' }));
  await cloud.settle();
  expect(await countMessages(runs)).toBe(32);
});
