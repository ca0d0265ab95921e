// Load over HTTP for the kill test of a whole server: what was acknowledged, and what has to be there then.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';

export const TABLE = 'records';
export const BUCKET = 'bodies';
const QUEUE = 'jobs';
const ACCOUNT = '000000000000';
const SLOTS = 4;
const SMALL_BYTES = 1_000;
const LARGE_BYTES = 100_000;

/** What the load has done so far, over all lives of the server. */
export interface Ledger {
  /** Ids of acknowledged writes. */
  readonly puts: Set<string>;
  readonly pairs: Set<string>;
  readonly sent: Set<string>;
  readonly objects: Set<string>;
  /** Message ids: deletion asked for, deletion acknowledged. */
  readonly deleting: Set<string>;
  readonly deleted: Set<string>;
  /** By slot, an object that is written over and over: the last acknowledged number. */
  readonly slots: Map<string, number>;
  /** Answers that nobody should get. */
  readonly complaints: string[];
}

export function emptyLedger(): Ledger {
  const [puts, pairs, sent, objects] = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()];
  const [deleting, deleted] = [new Set<string>(), new Set<string>()];
  return { puts, pairs, sent, objects, deleting, deleted, slots: new Map(), complaints: [] };
}

/** A body that tells by itself whether it is whole: its name, and a filling made of it. */
export function bodyOf(name: string, sizeBytes: number): Buffer {
  const filling = createHash('sha256').update(name).digest('hex');
  return Buffer.from(`${name}\n${filling.repeat(Math.ceil(sizeBytes / filling.length))}`.slice(0, sizeBytes));
}

/** The name in a body; undefined when the body is not whole. */
export function nameIn(body: Buffer): string | undefined {
  const name = body.toString('latin1', 0, 100).split('\n')[0] ?? '';
  return bodyOf(name, body.length).equals(body) ? name : undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One client: keeps its connection, knows one server. */
export class LoadClient {
  readonly #endpoint: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  close(): void {
    this.#agent.destroy();
  }

  send(method: string, path: string, headers: Record<string, string>, body?: Buffer | string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(this.#endpoint + path, { method, headers, agent: this.#agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** An operation of a JSON service, e.g. `DynamoDB_20120810.PutItem`. */
  async call(target: string, input: object): Promise<Record<string, unknown>> {
    const type = 'application/x-amz-json-1.0';
    const answer = await this.send('POST', '/', { 'content-type': type, 'x-amz-target': target }, JSON.stringify(input));
    if (answer.status !== 200) throw new Refusal(`${target}: ${answer.status} ${answer.body.toString()}`);
    return (answer.body.length === 0 ? {} : JSON.parse(answer.body.toString())) as Record<string, unknown>;
  }

  dynamodb(operation: string, input: object): Promise<Record<string, unknown>> {
    return this.call(`DynamoDB_20120810.${operation}`, input);
  }

  sqs(operation: string, input: object): Promise<Record<string, unknown>> {
    const QueueUrl = `${this.#endpoint}/${ACCOUNT}/${QUEUE}`;
    return this.call(`AmazonSQS.${operation}`, { QueueUrl, ...input });
  }

  async s3(method: string, path: string, body?: Buffer): Promise<Buffer> {
    // An unknown key stands for its account; its signature is not looked at.
    const authorization =
      'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
    const answer = await this.send(method, `/${BUCKET}${path}`, { authorization }, body);
    if (answer.status !== 200) throw new Refusal(`${method} ${path}: ${answer.status} ${answer.body.toString()}`);
    return answer.body;
  }
}

/** The server answered, and not with success. */
class Refusal extends Error {}

export async function prepare(client: LoadClient): Promise<void> {
  await client.dynamodb('CreateTable', {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
  await client.call('AmazonSQS.CreateQueue', { QueueName: QUEUE, Attributes: { VisibilityTimeout: '1' } });
  await client.s3('PUT', '');
}

type Step = (client: LoadClient, ledger: Ledger, id: string) => Promise<void>;

const putRecord: Step = async (client, ledger, id) => {
  await client.dynamodb('PutItem', { TableName: TABLE, Item: { id: { S: `put ${id}` }, body: { S: bodyOf(id, 300).toString() } } });
  ledger.puts.add(id);
};

/** Two items and the count of such pairs: all three or none. */
const putPair: Step = async (client, ledger, id) => {
  const [worker] = id.split('-');
  const half = (side: string) => ({ Put: { TableName: TABLE, Item: { id: { S: `${side} ${id}` } } } });
  const count = {
    Update: {
      TableName: TABLE,
      Key: { id: { S: `count ${worker}` } },
      UpdateExpression: 'ADD pairs :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    },
  };
  await client.dynamodb('TransactWriteItems', { TransactItems: [half('left'), count, half('right')] });
  ledger.pairs.add(id);
};

const sendMessage: Step = async (client, ledger, id) => {
  await client.sqs('SendMessage', { MessageBody: bodyOf(id, 300).toString() });
  ledger.sent.add(id);
};

const consume: Step = async (client, ledger) => {
  for (const { id, handle } of await receive(client)) {
    ledger.deleting.add(id);
    await client.sqs('DeleteMessage', { ReceiptHandle: handle });
    ledger.deleted.add(id);
  }
};

const putObject: Step = async (client, ledger, id) => {
  const sizeBytes = Number(id.split('-')[2]) % 2 === 0 ? SMALL_BYTES : LARGE_BYTES;
  await client.s3('PUT', `/once/${id}`, bodyOf(id, sizeBytes));
  ledger.objects.add(id);
};

/** One slot has one writer, so its numbers only grow. */
const overwriteObject: Step = async (client, ledger, id) => {
  const [, round, number] = id.split('-').map(Number);
  const slot = `${id.split('-')[0]}-${(number ?? 0) % SLOTS}`;
  const version = (round ?? 0) * 1e6 + (number ?? 0);
  await client.s3('PUT', `/slots/${slot}`, bodyOf(`${slot}/${version}`, version % 3 === 0 ? LARGE_BYTES : SMALL_BYTES));
  ledger.slots.set(slot, version);
};

/** Sixteen connections, by what each does. */
const WORKERS: readonly Step[] = [
  ...Array.from({ length: 5 }, () => putRecord),
  ...Array.from({ length: 4 }, () => putPair),
  ...Array.from({ length: 3 }, () => sendMessage),
  consume,
  ...Array.from({ length: 2 }, () => putObject),
  overwriteObject,
];

/** Keeps all workers at it until their server is gone. Ids are `WORKER-ROUND-NUMBER`. */
export async function runLoad(endpoint: string, ledger: Ledger, round: number): Promise<void> {
  await Promise.all(WORKERS.map((step, worker) => runWorker(step, `w${worker}-${round}`)));

  async function runWorker(step: Step, name: string): Promise<void> {
    const client = new LoadClient(endpoint);
    try {
      for (let number = 0; ; number++) await step(client, ledger, `${name}-${number}`);
    } catch (error) {
      // A broken connection is the end that was planned.
      if (error instanceof Refusal) ledger.complaints.push(error.message);
    } finally {
      client.close();
    }
  }
}

/** Messages by the id in their body, which has to be whole. */
export async function receive(client: LoadClient): Promise<{ id: string; handle: string }[]> {
  const { Messages = [] } = (await client.sqs('ReceiveMessage', { MaxNumberOfMessages: 10 })) as {
    Messages?: { Body: string; ReceiptHandle: string }[];
  };
  return Messages.map(({ Body, ReceiptHandle }) => ({
    id: nameIn(Buffer.from(Body)) ?? `torn: ${Body}`,
    handle: ReceiptHandle,
  }));
}
