// Garbage of every kind at a running cloud: each request is answered as the caller's fault or not at all,
// never with an internal error, and the cloud is well afterwards.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import type { ConstraintTable } from '../../src/models/constraint-table.ts';
import type { ServiceId } from '../../src/models/operations.ts';
import { loadSchemas } from '../../src/models/schemas.ts';
import { SERVICE_ROWS } from '../../src/models/services.ts';
import { zip } from '../../src/services/lambda/test-archive.ts';
import { type TestCloud, createCloud } from '../../src/testing/create-cloud.ts';
import { loadServiceModel } from '../../src/wire/load-model.ts';
import type { ServiceModel, ServiceRow } from '../../src/wire/service-model.ts';
import { writeAsClient } from '../conformance/wire-clients.ts';
import { chooseSeed } from '../simulation/seed.ts';
import { createInputMaker } from './garbage-inputs.ts';
import { type RawRequest, send, sendBytes, tamper, toRaw } from './garbage-requests.ts';

const SEED = chooseSeed('garbage');
/** Of each operation in each protocol: sound requests with odd values, and so many tampered ones. */
const SOUND = Number(process.env['GARBAGE_ROUNDS'] ?? 3);
const TAMPERED_PER_SOUND = 2;
const AT_ONCE = 8;
// More than the longest poll: ReceiveMessage may well wait its 20 seconds on a queue that others emptied.
const TIMEOUT_MS = 25_000;
/** 501: not implemented, by name. 503: busy. Nothing else is the cloud's own fault. */
const HONEST = new Set([501, 503]);

const HANDLER = 'exports.handler = async (event) => event;';
const TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}';
/** What the garbage finds when it comes. */
const PRELUDE: readonly (readonly [ServiceId, string, Record<string, unknown>])[] = [
  ['s3', 'CreateBucket', {}],
  ['s3', 'PutObject', { Key: 'fuzz', Body: Buffer.from('fuzz') }],
  ['dynamodb', 'CreateTable', {
    TableName: 'fuzz',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'other', AttributeType: 'N' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [{ IndexName: 'by-other', KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } }],
  }],
  ['sqs', 'CreateQueue', { QueueName: 'fuzz' }],
  ['sqs', 'CreateQueue', { QueueName: 'fuzz.fifo', Attributes: { FifoQueue: 'true' } }],
  ['sns', 'CreateTopic', { Name: 'fuzz' }],
  ['logs', 'CreateLogGroup', { logGroupName: '/fuzz' }],
  ['logs', 'CreateLogStream', { logGroupName: '/fuzz', logStreamName: 'fuzz' }],
  ['iam', 'CreateRole', { RoleName: 'fuzz', AssumeRolePolicyDocument: TRUST }],
  ['iam', 'CreateUser', { UserName: 'fuzz' }],
  ['cloudformation', 'CreateStack', { StackName: 'fuzz', TemplateBody: '{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}' }],
];

interface Tally {
  accepted: number;
  refused: number;
  /** Requests that were answered as they must not be, or not at all. */
  readonly bad: string[];
}

/** Operations that take away what the others need come last. */
function isDestructive(operation: string): boolean {
  return /^(Delete|Remove|Purge|Detach|Abort)/.test(operation);
}

function readConstraints(id: string): ConstraintTable | undefined {
  try {
    return JSON.parse(
      readFileSync(new URL(`../../src/models/constraints/${id}.json`, import.meta.url), 'utf8'),
    ) as ConstraintTable;
  } catch {
    return undefined;
  }
}

describe('garbage', () => {
  let cloud: TestCloud;
  const models = new Map<string, ServiceModel>();
  beforeAll(async () => {
    cloud = await createCloud({ clock: 'system' });
    for (const row of SERVICE_ROWS) models.set(row.id, loadServiceModel(row, await loadSchemas(row.id as ServiceId)));
    const code = await zip({ 'index.js': HANDLER });
    const functionInput = { FunctionName: 'fuzz', Runtime: 'nodejs20.x', Handler: 'index.handler', Role: 'arn:aws:iam::000000000000:role/fuzz', Code: { ZipFile: code } };
    for (const [id, operation, input] of [...PRELUDE, ['lambda', 'CreateFunction', functionInput] as const]) {
      const answer = await send(cloud.endpoint, await compose(id, operation, input), TIMEOUT_MS);
      expect(answer?.status, `${operation}: ${answer?.body}`).toBeLessThan(300);
    }
  }, 60_000);
  // Rejects when the cloud met a bug of its own, wherever that was.
  afterAll(() => cloud.close());

  async function compose(id: string, name: string, input: unknown, protocolAt = 0): Promise<RawRequest> {
    const model = models.get(id);
    const operation = model?.operations.get(name);
    const protocol = model?.row.protocols[protocolAt];
    if (model === undefined || operation === undefined || protocol === undefined) throw new Error(`no ${id} ${name}`);
    const written = await writeAsClient({ protocol, model, operation }, input);
    // S3's schemas leave the bucket out of the address.
    const bucket = (input as { Bucket?: string }).Bucket ?? 'fuzz';
    const path = id === 's3' && name !== 'ListBuckets' ? `/${encodeURIComponent(bucket)}${written.path === '/' ? '' : written.path}` : written.path;
    return toRaw({ ...written, path }, model.row);
  }

  async function expectHealth(): Promise<void> {
    const answer = await fetch(`${cloud.endpoint}/_cloudlet/health`);
    expect(answer.status).toBe(200);
    const listed = await send(cloud.endpoint, await compose('sqs', 'ListQueues', {}), TIMEOUT_MS);
    expect(listed?.status).toBe(200);
  }

  /** All requests of one operation. */
  async function tryOperation(row: ServiceRow, name: string, random: Random): Promise<Tally> {
    const tally: Tally = { accepted: 0, refused: 0, bad: [] };
    const operation = models.get(row.id)?.operations.get(name);
    if (operation === undefined) return tally;
    const maker = createInputMaker(random, readConstraints(row.id));
    for (let round = 0; round < SOUND * row.protocols.length; round++) {
      let raw: RawRequest;
      try {
        raw = await compose(row.id, name, maker.make(operation), round % row.protocols.length);
      } catch {
        // The client itself refuses such an input: a label it needs is empty, a date has no text.
        continue;
      }
      const variants = [raw, ...Array.from({ length: TAMPERED_PER_SOUND }, () => tamper(raw, random))];
      for (const variant of variants) await tryRequest(variant, `${row.id} ${name}`, tally);
    }
    return tally;
  }

  async function tryRequest(raw: RawRequest, what: string, tally: Tally): Promise<void> {
    let answer: Awaited<ReturnType<typeof send>>;
    try {
      answer = await send(cloud.endpoint, raw, TIMEOUT_MS);
    } catch {
      // Node's own client refuses to send it.
      return;
    }
    const status = answer?.status ?? 0;
    if (status >= 200 && status < 300) tally.accepted += 1;
    else if (status >= 400 && (status < 500 || HONEST.has(status))) tally.refused += 1;
    else if (status !== 304) {
      const head = `${raw.method} ${raw.path.slice(0, 300)} ${JSON.stringify(raw.headers).slice(0, 600)}`;
      const said = answer === undefined ? 'no answer' : `${status} ${answer.body.slice(0, 300)}`;
      tally.bad.push(`${what}: ${said}\n  for ${head} ${raw.body.toString().slice(0, 1500)}`);
    }
  }

  describe.each(SERVICE_ROWS.map((row) => [row.id, row] as const))('%s', (id, row) => {
    test('answers odd values and tampered requests without fault', async () => {
      const random = seededRandom(SEED + SERVICE_ROWS.indexOf(row));
      const names = [...(models.get(id)?.operations.keys() ?? [])];
      const ordered = [...names.filter((name) => !isDestructive(name)), ...names.filter(isDestructive)];
      const tallies: Tally[] = [];
      const waiting = [...ordered];
      const work = async (): Promise<void> => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
          tallies.push(await tryOperation(row, name, seededRandom(randomInteger(random, 2 ** 32))));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(tallies.flatMap(({ bad }) => bad)).toEqual([]);
      // Garbage proves something only where some of it came through.
      expect(tallies.some(({ accepted }) => accepted > 0)).toBe(true);
      expect(tallies.some(({ refused }) => refused > 0)).toBe(true);
      await expectHealth();
    }, 120_000);
  });

  const inTemplate = (value: string): string => `{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":${value}}}}}`;
  const nested = (start: string, middle: string, end: string, levels: number): string =>
    start.repeat(levels) + middle + end.repeat(levels);
  // A stack that overflows while a pattern is compiled ends the process: none may come near its end.
  test.each<[string, ServiceId, string, (levels: number) => Record<string, unknown>]>([
    ['attribute values', 'dynamodb', 'PutItem', (levels) => ({ TableName: 'fuzz', Item: { id: { S: 'x' }, a: JSON.parse(nested('{"L":[', '{"S":"aGk="}', ']}', Math.min(levels, 500))) as unknown } })],
    ['parentheses', 'dynamodb', 'Scan', (levels) => ({ TableName: 'fuzz', FilterExpression: nested('(', 'a = :a', ')', levels), ExpressionAttributeValues: { ':a': { S: 'x' } } })],
    ['negations', 'dynamodb', 'Scan', (levels) => ({ TableName: 'fuzz', FilterExpression: nested('NOT ', 'a = :a', '', levels), ExpressionAttributeValues: { ':a': { S: 'x' } } })],
    ['paths', 'dynamodb', 'Scan', (levels) => ({ TableName: 'fuzz', ProjectionExpression: nested('a.', 'a', '', levels) })],
    ['log filters', 'logs', 'FilterLogEvents', (levels) => ({ logGroupName: '/fuzz', filterPattern: `{${nested('(', '$.a = 1', ')', Math.min(levels, 500))}}` })],
    ['filter policies', 'sns', 'Subscribe', (levels) => ({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:fuzz', Protocol: 'sqs', Endpoint: 'arn:aws:sqs:us-east-1:000000000000:fuzz', Attributes: { FilterPolicyScope: 'MessageBody', FilterPolicy: nested('{"a":', '[1]', '}', levels) } })],
    ['policies', 'iam', 'CreatePolicy', (levels) => ({ PolicyName: 'deep', PolicyDocument: nested('[', '', ']', levels) })],
    ['policies of buckets', 's3', 'PutBucketPolicy', (levels) => ({ Policy: nested('{"a":', '1', '}', levels) })],
    ['templates of JSON', 'cloudformation', 'CreateStack', (levels) => ({ StackName: 'deep', TemplateBody: inTemplate(nested('[', '', ']', levels)) })],
    ['functions of templates', 'cloudformation', 'CreateStack', (levels) => ({ StackName: 'deep', TemplateBody: inTemplate(nested('{"Fn::Join":["",[', '"x"', ']]}', levels)) })],
    ['templates of YAML', 'cloudformation', 'ValidateTemplate', (levels) => ({ TemplateBody: '['.repeat(levels) })],
    ['lists of YAML', 'cloudformation', 'ValidateTemplate', (levels) => ({ TemplateBody: '- '.repeat(levels) })],
    ['keys of YAML', 'cloudformation', 'ValidateTemplate', (levels) => ({ TemplateBody: '? '.repeat(levels) })],
    ['indented YAML', 'cloudformation', 'ValidateTemplate', (levels) => ({ TemplateBody: Array.from({ length: Math.min(levels, 310) }, (_, at) => `${' '.repeat(at)}a:`).join('\n') })],
    ['definitions of APIs', 'apigateway', 'ImportRestApi', (levels) => ({ body: Buffer.from(nested('{"a":', '1', '}', levels)) })],
    ['payloads', 'lambda', 'Invoke', (levels) => ({ FunctionName: 'fuzz', InvocationType: 'DryRun', Payload: Buffer.from(nested('[', '', ']', levels)) })],
  ])('as deep as can be sent: %s', async (what, id, operation, inputOf) => {
    for (const levels of [90, 700, 2_000, 25_000]) {
      const tally: Tally = { accepted: 0, refused: 0, bad: [] };
      await tryRequest(await compose(id, operation, inputOf(levels)), `${what}, ${levels} levels`, tally);
      expect(tally.bad).toEqual([]);
    }
    await expectHealth();
  }, 60_000);

  const HEAD = 'Host: x\r\nConnection: close\r\n';
  test.each<[string, string | Buffer]>([
    ['a method of its own', `BREW / HTTP/1.1\r\n${HEAD}\r\n`],
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['another version', `GET / HTTP/9.9\r\n${HEAD}\r\n`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex')],
    ['random bytes', Buffer.from(seededRandom(SEED).bytes(3000))],
    ['zeros', Buffer.alloc(3000)],
    ['a huge header', `GET / HTTP/1.1\r\n${HEAD}X-A: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['many headers', `GET / HTTP/1.1\r\n${HEAD}${'X-A: b\r\n'.repeat(5_000)}\r\n`],
    ['a long address', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${HEAD}\r\n`],
    ['an address with bytes', Buffer.from(`GET /\u00ff\u00fe HTTP/1.1\r\n${HEAD}\r\n`, 'latin1')],
    ['an absolute address', `GET http://[::/x HTTP/1.1\r\n${HEAD}\r\n`],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\n${HEAD}\r\n`],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two hosts', `GET / HTTP/1.1\r\nHost: a\r\n${HEAD}\r\n`],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: ..%..:x\r\nConnection: close\r\n\r\n'],
    ['a NUL in a header', `GET / HTTP/1.1\r\n${HEAD}X-A: a\0b\r\n\r\n`],
    ['length and chunks', `POST / HTTP/1.1\r\n${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a length of words', `POST / HTTP/1.1\r\n${HEAD}Content-Length: three\r\n\r\nabc`],
    ['two lengths', `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc`],
    ['chunks of garbage', `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n`],
    ['a chunk that never ends', `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\nabc`],
    ['a body that breaks off', `POST / HTTP/1.1\r\n${HEAD}X-Amz-Target: AmazonSQS.ListQueues\r\nContent-Length: 100\r\n\r\n{"a`],
    ['an upload that breaks off', `PUT /fuzz/short HTTP/1.1\r\n${HEAD}Content-Length: 100000\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\nabc`],
    ['an upgrade', `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['an expectation', `POST / HTTP/1.1\r\n${HEAD}Expect: the worst\r\nContent-Length: 0\r\n\r\n`],
    ['requests in a row', `GET /%zz HTTP/1.1\r\nHost: x\r\n\r\nGET /%00 HTTP/1.1\r\nHost: x\r\n\r\n garbage`],
  ])('on the wire: %s', async (_what, bytes) => {
    const said = await sendBytes(cloud.endpoint, bytes, 300);
    expect(said).not.toMatch(/^HTTP\/1\.1 5(?!01|03|05)/m);
    await expectHealth();
  });
});
