// Log events through the SDK: put, get with tokens, filter over streams, retention.
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  TestMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

const GROUP = '/aws/lambda/hello';
const DAY_MS = 86_400_000;

let cloud: TestCloud;
let logs: CloudWatchLogsClient;

beforeEach(async () => {
  cloud = await createCloud();
  logs = cloud.client(CloudWatchLogsClient);
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  await createStream('one');
});

afterEach(() => cloud.close());

const now = (): number => cloud.clock.now().getTime();

function createStream(logStreamName: string): Promise<unknown> {
  return logs.send(new CreateLogStreamCommand({ logGroupName: GROUP, logStreamName }));
}

function put(stream: string, events: readonly [timestamp: number, message: string][]) {
  return logs.send(
    new PutLogEventsCommand({
      logGroupName: GROUP,
      logStreamName: stream,
      logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
    }),
  );
}

function get(more: Partial<GetLogEventsCommandInput> = {}) {
  return logs.send(
    new GetLogEventsCommand({ logGroupName: GROUP, logStreamName: 'one', ...more }),
  );
}

function filter(more: Partial<FilterLogEventsCommandInput> = {}) {
  return logs.send(new FilterLogEventsCommand({ logGroupName: GROUP, ...more }));
}

const texts = (events: readonly { message?: string | undefined }[] | undefined): (string | undefined)[] =>
  (events ?? []).map(({ message }) => message);

describe('PutLogEvents', () => {
  test('stores events and describes the stream by them', async () => {
    const answer = await put('one', [
      [now() - 10, 'a'],
      [now(), 'b'],
    ]);
    expect(answer.nextSequenceToken).toMatch(/^\d{56}$/);
    expect(answer.rejectedLogEventsInfo).toBeUndefined();
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: GROUP }));
    expect(logStreams?.[0]).toMatchObject({
      logStreamName: 'one',
      arn: `arn:aws:logs:us-east-1:000000000000:log-group:${GROUP}:log-stream:one`,
      firstEventTimestamp: now() - 10,
      lastEventTimestamp: now(),
      lastIngestionTime: now(),
      storedBytes: 0,
    });
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
    // Source: API reference, PutLogEvents: 26 bytes for each event beside its message.
    expect(logGroups?.[0]?.storedBytes).toBe(2 * (26 + 1));
  });

  // Recorded from AWS: LocalStack tests/aws/services/logs/test_logs_events.snapshot.json.
  test.each([
    ['missing group', { logGroupName: 'x' }, 'The specified log group does not exist.'],
    ['missing stream', { logStreamName: 'x' }, 'The specified log stream does not exist.'],
  ])('%s', async (_, names, message) => {
    const input = { logGroupName: GROUP, logStreamName: 'one', ...names };
    const command = new PutLogEventsCommand({ ...input, logEvents: [{ timestamp: now(), message: 'a' }] });
    await expect(logs.send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException', message });
  });

  test('the wrong order is refused', async () => {
    await expect(put('one', [[now(), 'a'], [now() - 1, 'b']])).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Log events in a single PutLogEvents request must be in chronological order.',
    });
  });

  test('a batch spans no more than a day and holds no more than a mebibyte', async () => {
    await expect(put('one', [[now() - DAY_MS - 1, 'a'], [now(), 'b']])).rejects.toThrow(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
    await expect(put('one', [[now(), 'x'.repeat(1_048_576 - 25)]])).rejects.toThrow(
      'Upload too large: 1048577 bytes exceeds limit of 1048576',
    );
    await put('one', [[now(), 'x'.repeat(1_048_576 - 26)]]);
  });

  test('events too old, too new or past retention are left out and told of', async () => {
    const old = await put('one', [
      [now() - 14 * DAY_MS - 2, 'old'],
      [now() - 14 * DAY_MS - 1, 'old'],
      [now() - 14 * DAY_MS, 'kept'],
    ]);
    expect(old.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 2 });
    const young = await put('one', [
      [now() + 2 * 3_600_000, 'kept'],
      [now() + 2 * 3_600_000 + 1, 'new'],
    ]);
    expect(young.rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 1 }));
    const expired = await put('one', [[now() - DAY_MS - 1, 'expired'], [now() - DAY_MS, 'kept']]);
    expect(expired.rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
  });
});

describe('GetLogEvents', () => {
  beforeEach(async () => {
    await put('one', Array.from({ length: 10 }, (_, n) => [now() + n, `m${n}`] as [number, string]));
  });

  test('gives the newest page first unless asked for the head', async () => {
    expect(texts((await get({ limit: 3 })).events)).toEqual(['m7', 'm8', 'm9']);
    expect(texts((await get({ limit: 3, startFromHead: true })).events)).toEqual(['m0', 'm1', 'm2']);
  });

  // Source: API reference, GetLogEvents: the token given comes back at the end of the stream.
  test('forward tokens lead to the end and stay there until events come', async () => {
    const seen: (string | undefined)[] = [];
    let page = await get({ limit: 4, startFromHead: true });
    expect(page.nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
    expect(page.nextBackwardToken).toMatch(/^b\/\d{56}\/s$/);
    for (let token: string | undefined; token !== page.nextForwardToken; ) {
      seen.push(...texts(page.events));
      token = page.nextForwardToken;
      page = await get({ limit: 4, startFromHead: true, nextToken: token });
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, n) => `m${n}`));
    expect(page.events).toEqual([]);
    await put('one', [[now() + 100, 'later']]);
    page = await get({ startFromHead: true, nextToken: page.nextForwardToken });
    expect(texts(page.events)).toEqual(['later']);
  });

  test('backward tokens lead to the beginning', async () => {
    const last = await get({ limit: 4 });
    const before = await get({ limit: 4, nextToken: last.nextBackwardToken });
    expect(texts(before.events)).toEqual(['m2', 'm3', 'm4', 'm5']);
    const first = await get({ limit: 4, nextToken: before.nextBackwardToken });
    expect(texts(first.events)).toEqual(['m0', 'm1']);
    const none = await get({ limit: 4, nextToken: first.nextBackwardToken });
    expect(none.events).toEqual([]);
    expect(none.nextBackwardToken).toBe(first.nextBackwardToken);
  });

  test('the start is in, the end is out', async () => {
    const page = await get({ startTime: now() + 2, endTime: now() + 5 });
    expect(texts(page.events)).toEqual(['m2', 'm3', 'm4']);
  });

  test('events of the same instant keep the order in which they came', async () => {
    await put('one', Array.from({ length: 5 }, (_, n) => [now() + 50, `same${n}`] as [number, string]));
    const page = await get({ startTime: now() + 50 });
    expect(texts(page.events)).toEqual(['same0', 'same1', 'same2', 'same3', 'same4']);
  });

  test('a token of ours only', async () => {
    await expect(get({ nextToken: 'f/1/s' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'The specified nextToken is invalid.',
    });
  });
});

describe('FilterLogEvents', () => {
  beforeEach(async () => {
    await createStream('two');
    await createStream('other');
    await put('one', [[now(), 'ERROR 1'], [now() + 4, 'ok 4']]);
    await put('two', [[now() + 1, '{"level":"ERROR","n":2}'], [now() + 3, 'ERROR 3']]);
    await put('other', [[now() + 2, 'ok 2']]);
  });

  test('merges streams in order of time', async () => {
    const { events, searchedLogStreams } = await filter();
    expect(texts(events)).toEqual(['ERROR 1', '{"level":"ERROR","n":2}', 'ok 2', 'ERROR 3', 'ok 4']);
    expect(events?.map(({ logStreamName }) => logStreamName)).toEqual(['one', 'two', 'other', 'two', 'one']);
    expect(events?.[0]?.eventId).toMatch(/^\d{56}$/);
    expect(searchedLogStreams).toEqual([]);
  });

  test.each([
    ['a term', { filterPattern: 'ERROR' }, 3],
    ['an excluded term', { filterPattern: 'ERROR -level' }, 2],
    ['JSON', { filterPattern: '{ $.level = "ERROR" && $.n > 1 }' }, 1],
    ['fields', { filterPattern: '[word=ok, number>2]' }, 1],
    ['a stream prefix', { logStreamNamePrefix: 'o' }, 3],
    ['streams by name', { logStreamNames: ['two', 'none'] }, 2],
  ])('finds by %s', async (_, more, count) => {
    expect((await filter(more)).events).toHaveLength(count);
  });

  test('both ends of the time range are in', async () => {
    const { events } = await filter({ startTime: now() + 1, endTime: now() + 3 });
    expect(texts(events)).toEqual(['{"level":"ERROR","n":2}', 'ok 2', 'ERROR 3']);
  });

  test('pages by token, nothing twice and nothing lost', async () => {
    const seen: (string | undefined)[] = [];
    let pages = 0;
    for (let nextToken: string | undefined; ; ) {
      const page = await filter({ limit: 2, nextToken });
      seen.push(...texts(page.events));
      pages += 1;
      nextToken = page.nextToken;
      if (nextToken === undefined) break;
    }
    expect(seen).toEqual(['ERROR 1', '{"level":"ERROR","n":2}', 'ok 2', 'ERROR 3', 'ok 4']);
    expect(pages).toBe(3);
  });

  test('wrong patterns and tokens are refused', async () => {
    await expect(filter({ filterPattern: '{ $.a = }' })).rejects.toThrow('Invalid character(s) in term');
    await expect(filter({ nextToken: 'x' })).rejects.toThrow('The specified nextToken is invalid.');
  });
});

describe('retention', () => {
  test('events end with it, and come back for nobody when it is lengthened', async () => {
    await put('one', [[now(), 'a']]);
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 3 }));
    await cloud.clock.advance('71h');
    await put('one', [[now(), 'b']]);
    expect(texts((await get()).events)).toEqual(['a', 'b']);
    await cloud.clock.advance('2h');
    expect(texts((await get()).events)).toEqual(['b']);
    expect(texts((await filter()).events)).toEqual(['b']);
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 30 }));
    expect(texts((await get()).events)).toEqual(['b']);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
    expect(logGroups?.[0]).toMatchObject({ retentionInDays: 30, storedBytes: 27 });
  });

  test('a number of days that AWS has not is refused', async () => {
    const command = new PutRetentionPolicyCommand({ logGroupName: GROUP, retentionInDays: 2 });
    await expect(logs.send(command)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });
});

test('a group made again under its name is empty', async () => {
  await put('one', [[now(), 'a']]);
  await logs.send(new DeleteLogGroupCommand({ logGroupName: GROUP }));
  await logs.send(new CreateLogGroupCommand({ logGroupName: GROUP }));
  await createStream('one');
  expect((await get()).events).toEqual([]);
});

test('TestMetricFilter tells which messages match and what was read of them', async () => {
  const { matches } = await logs.send(
    new TestMetricFilterCommand({
      filterPattern: '{ $.code >= 500 }',
      logEventMessages: ['{"code":200}', '{"code":503}'],
    }),
  );
  expect(matches).toEqual([
    { eventNumber: 2, eventMessage: '{"code":503}', extractedValues: { '$.code': '503' } },
  ]);
});
