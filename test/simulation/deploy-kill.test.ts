// A cloud is killed at random moments while it creates, updates and deletes a stack of every resource
// type: the stack ends as if nothing had happened, and nothing half-made or orphaned is left.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ListStackResourcesCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { APIGatewayClient, CreateRestApiCommand } from '@aws-sdk/client-api-gateway';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PublishLayerVersionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { moduleZip } from '../../src/services/lambda/test-archive.ts';
import { type Settings, settingsOf, templateOf } from './every-resource.ts';
import { type Item, takeInventory } from './inventory.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('deploy kill simulation');
const ROUNDS = 10;
const ARTIFACTS = 'artifacts-of-the-test';
const StackName = 'killed';
const POLL_MS = 20;

/** Types whose physical id says nothing outside the stack. */
const NAMELESS = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy', 'AWS::IAM::Policy'];

let folder: string;
let cloud: KillableCloud;
/** What was there before the stack, some of it much like what the stack makes. */
let strangers: readonly string[];
/** Kills that met the stack in the middle of an operation. */
let interruptions = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-deploy-kill-'));
  cloud = await startKillableCloud(folder);
  await makeStrangers();
  strangers = (await takeInventory(cloud)).map(nameOf);
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function makeStrangers(): Promise<void> {
  const s3 = cloud.client(S3Client);
  const Body = await moduleZip('export const handler = async () => "here";');
  await s3.send(new CreateBucketCommand({ Bucket: ARTIFACTS }));
  await s3.send(new PutObjectCommand({ Bucket: ARTIFACTS, Key: 'code.zip', Body }));
  await cloud.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'jobs' }));
  await cloud.client(APIGatewayClient).send(new CreateRestApiCommand({ name: 'the-api' }));
  await cloud.client(LambdaClient).send(
    new PublishLayerVersionCommand({
      LayerName: 'shared',
      Description: settingsOf(1).mark,
      Content: { ZipFile: Body },
    }),
  );
}

function nameOf({ type, id }: Item): string {
  return `${type} ${id}`;
}

interface Kills {
  /** Milliseconds after the request that the process is killed at, and after each restart. */
  readonly afterMs: readonly number[];
}

/** Asks for a stack operation, kills the cloud as told, and waits for the end. Gives the status. */
async function run(
  ask: (client: CloudFormationClient) => Promise<unknown>,
  { afterMs }: Kills,
): Promise<string> {
  await ask(cloud.client(CloudFormationClient));
  for (const ms of afterMs) {
    await sleep(ms);
    const status = await statusOf(cloud.client(CloudFormationClient));
    if (status.endsWith('_IN_PROGRESS')) interruptions += 1;
    await cloud.killAndRestart();
  }
  const client = cloud.client(CloudFormationClient);
  for (;;) {
    const status = await statusOf(client);
    if (!status.endsWith('_IN_PROGRESS')) return status;
    await sleep(POLL_MS);
  }
}

async function statusOf(client: CloudFormationClient): Promise<string> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks[0]?.StackStatus ?? '';
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('does not exist')) throw error;
    return 'DELETE_COMPLETE';
  }
}

function create(generation: number, isDoomed: boolean) {
  const TemplateBody = templateOf(generation, { isDoomed, bucket: ARTIFACTS });
  const Capabilities = ['CAPABILITY_NAMED_IAM' as const];
  return (client: CloudFormationClient) =>
    client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities }));
}

function update(generation: number, isDoomed: boolean) {
  const TemplateBody = templateOf(generation, { isDoomed, bucket: ARTIFACTS });
  const Capabilities = ['CAPABILITY_NAMED_IAM' as const];
  return (client: CloudFormationClient) =>
    client.send(new UpdateStackCommand({ StackName, TemplateBody, Capabilities }));
}

const remove = (client: CloudFormationClient) => client.send(new DeleteStackCommand({ StackName }));

/** Only the strangers are left. */
async function checkNothingLeft(): Promise<void> {
  expect((await takeInventory(cloud)).map(nameOf).toSorted()).toEqual(strangers.toSorted());
}

/** What is there is what the stack says it has, set as its template says. */
async function checkStack(generation: number): Promise<void> {
  const client = cloud.client(CloudFormationClient);
  const { StackResourceSummaries = [] } = await client.send(
    new ListStackResourcesCommand({ StackName }),
  );
  const claimed = StackResourceSummaries.map(({ ResourceType: type = '', PhysicalResourceId }) => {
    const id = PhysicalResourceId ?? '';
    if (NAMELESS.includes(type)) return nameOf({ type, id: '' });
    return nameOf({ type, id: type === 'AWS::SQS::Queue' ? new URL(id).pathname : id });
  });
  const inventory = await takeInventory(cloud);
  const made = inventory.filter((item) => !strangers.includes(nameOf(item)));
  expect(inventory.map(nameOf)).toEqual(expect.arrayContaining([...strangers]));
  expect(made.map(nameOf).toSorted()).toEqual(claimed.toSorted());
  const expected = detailsOf(settingsOf(generation));
  for (const { type, details } of made) {
    if (details !== undefined) expect({ type, ...details }).toEqual({ type, ...expected[type] });
  }
}

function detailsOf(settings: Settings): Readonly<Record<string, object>> {
  const { mark, memoryMb, concurrency, visibilityTimeoutSec } = settings;
  const { versioning, indexes, timeToLive, retentionDays, displayName, inline, attached } = settings;
  return {
    'AWS::S3::Bucket': { versioning, mark },
    'AWS::DynamoDB::Table': { indexes, timeToLive },
    'AWS::Logs::LogGroup': { retentionDays },
    'AWS::SQS::Queue': { visibilityTimeoutSec },
    'AWS::SNS::Topic': { displayName },
    'AWS::IAM::Role': { inline: inline.toSorted(), attached },
    'AWS::IAM::InstanceProfile': { roles: ['worker'] },
    'AWS::IAM::User': { policies: 1 },
    'AWS::Lambda::LayerVersion': { mark },
    'AWS::Lambda::CodeSigningConfig': { mark },
    'AWS::Lambda::Function': { memoryMb, concurrency, mark },
    'AWS::Lambda::Version': { memoryMb },
    'AWS::ApiGateway::RestApi': { mark },
    'AWS::ApiGateway::Method': { responses: ['200'] },
    'AWS::ApiGateway::Deployment': { mark },
    'AWS::ApiGateway::Stage': { mark, variables: { mark: mark.split(' ').at(-1) } },
  };
}

/** For a failing run: what the stack says happened. */
async function explain(): Promise<string> {
  const { StackEvents = [] } = await cloud
    .client(CloudFormationClient)
    .send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.filter(({ ResourceStatusReason }) => ResourceStatusReason !== undefined)
    .map((event) => `${event.LogicalResourceId} ${event.ResourceStatus} ${event.ResourceStatusReason}`)
    .join('\n');
}

async function expectEnd(status: string, wanted: string): Promise<void> {
  if (status !== wanted) throw new Error(`${status} instead of ${wanted}:\n${await explain()}`);
}

async function timed(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work;
  return performance.now() - startMs;
}

test(`a stack survives kills in every operation (${ROUNDS} rounds)`, async () => {
  const unharmed = { afterMs: [] };
  // How long each operation takes here and now, so that the kills fall inside it.
  const lengthMs = {
    create: await timed(run(create(1, false), unharmed)),
    update: await timed(run(update(2, false), unharmed)),
    delete: 0,
  };
  await checkStack(2);
  lengthMs.delete = await timed(run(remove, unharmed));
  await checkNothingLeft();
  const random = seededRandom(SEED);
  const kills = (kind: keyof typeof lengthMs): Kills => {
    const count = random.next() < 0.2 ? 2 : 1;
    return { afterMs: Array.from({ length: count }, () => random.next() * lengthMs[kind]) };
  };
  for (let round = 0; round < ROUNDS; round++) {
    const generation = 1 + randomInteger(random, 8);
    if (round % 4 === 3) {
      await expectEnd(await run(create(generation, true), kills('create')), 'ROLLBACK_COMPLETE');
      await checkNothingLeft();
      await run(remove, unharmed);
      continue;
    }
    await expectEnd(await run(create(generation, false), kills('create')), 'CREATE_COMPLETE');
    await checkStack(generation);
    const isDoomed = round % 3 === 1;
    const end = isDoomed ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE';
    await expectEnd(await run(update(generation + 1, isDoomed), kills('update')), end);
    await checkStack(isDoomed ? generation : generation + 1);
    await expectEnd(await run(remove, kills('delete')), 'DELETE_COMPLETE');
    await checkNothingLeft();
  }
  console.log(`killed in the middle of an operation ${interruptions} times`);
  expect(interruptions).toBeGreaterThan(ROUNDS);
}, 180_000);
