// Clients read, write, compare and swap, count and transact on a few items at once while the cloud
// is killed and started again: what they saw must have happened one by one.
import * as D from '@aws-sdk/client-dynamodb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { checkHistory, type Model, type Operation } from './linearizability.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('DynamoDB linearizability simulation');
const ROUNDS = 4;
const CLIENTS = 8;
const REGISTERS = 4;
const PAIRS = 2;
/** Answers of a round before the kill. */
const FEWEST_ANSWERS = 60;
const MOST_ANSWERS = 240;
/** Between the operations of a client: histories stay short enough to be searched. */
const PAUSE_MS = 6;
const TableName = 'cells';

// One item, which holds a number or is not there.

type RegisterInput =
  | { readonly kind: 'read' | 'count' | 'remove' }
  | { readonly kind: 'write' | 'create'; readonly value: number }
  | { readonly kind: 'swap'; readonly from: number; readonly to: number };
/** What was found; for conditional writes whether the condition held. */
type RegisterOutput = { readonly value: number | undefined } | { readonly held: boolean };

const register: Model<number | null, RegisterInput, RegisterOutput> = {
  initial: null,
  step(state, input, output) {
    const found = output !== undefined && 'value' in output ? (output.value ?? null) : undefined;
    const held = output !== undefined && 'held' in output ? output.held : undefined;
    const unless = (possible: boolean, next: number | null): number | null | undefined =>
      possible ? next : undefined;
    switch (input.kind) {
      case 'read':
        return unless(output === undefined || found === state, state);
      case 'remove':
        return unless(output === undefined || found === state, null);
      case 'count':
        return unless(output === undefined || found === (state ?? 0) + 1, (state ?? 0) + 1);
      case 'write':
        return input.value;
      case 'create':
        return unless(held === undefined || held === (state === null), state ?? input.value);
      case 'swap': {
        const matches = state === input.from;
        return unless(held === undefined || held === matches, matches ? input.to : state);
      }
    }
  },
  format: String,
};

// Two items that only transactions write.

type PairInput =
  | { readonly kind: 'readBoth' | 'readLeft' | 'readRight' }
  | { readonly kind: 'writeBoth'; readonly value: number; readonly from: number | undefined };
type PairOutput =
  | { readonly left: number | undefined; readonly right: number | undefined }
  | { readonly value: number | undefined }
  | { readonly held: boolean };

const pair: Model<number | null, PairInput, PairOutput> = {
  initial: null,
  step(state, input, output) {
    if (input.kind !== 'writeBoth') {
      if (output === undefined || 'held' in output) return state;
      const seen = 'value' in output ? [output.value] : [output.left, output.right];
      return seen.every((value) => (value ?? null) === state) ? state : undefined;
    }
    const matches = input.from === undefined || state === input.from;
    if (output !== undefined && 'held' in output && output.held !== matches) return undefined;
    return matches ? input.value : state;
  },
  format: String,
};

const numberIn = (item: Record<string, D.AttributeValue> | undefined): number | undefined =>
  item?.['n']?.N === undefined ? undefined : Number(item['n'].N);
const N = (value: number): D.AttributeValue => ({ N: String(value) });
const keyOf = (id: string): { id: D.AttributeValue } => ({ id: { S: id } });

/** Whether the condition held; other errors go on. */
async function holds(work: Promise<unknown>): Promise<{ held: boolean }> {
  try {
    await work;
    return { held: true };
  } catch (error) {
    if (error instanceof D.ConditionalCheckFailedException) return { held: false };
    if (!(error instanceof D.TransactionCanceledException)) throw error;
    expect(error.CancellationReasons?.map(({ Code }) => Code)).toContain('ConditionalCheckFailed');
    return { held: false };
  }
}

async function operateRegister(
  db: D.DynamoDBClient,
  id: string,
  input: RegisterInput,
): Promise<RegisterOutput> {
  const at = { TableName, Key: keyOf(id) };
  switch (input.kind) {
    case 'read': {
      const { Item } = await db.send(new D.GetItemCommand({ ...at, ConsistentRead: true }));
      return { value: numberIn(Item) };
    }
    case 'remove': {
      const { Attributes } = await db.send(
        new D.DeleteItemCommand({ ...at, ReturnValues: 'ALL_OLD' }),
      );
      return { value: numberIn(Attributes) };
    }
    case 'count': {
      const { Attributes } = await db.send(
        new D.UpdateItemCommand({
          ...at,
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': N(1) },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return { value: numberIn(Attributes) };
    }
    case 'write':
      await db.send(new D.PutItemCommand({ TableName, Item: { ...keyOf(id), n: N(input.value) } }));
      return { held: true };
    case 'create':
      return holds(
        db.send(
          new D.PutItemCommand({
            TableName,
            Item: { ...keyOf(id), n: N(input.value) },
            ConditionExpression: 'attribute_not_exists(id)',
          }),
        ),
      );
    case 'swap':
      return holds(
        db.send(
          new D.UpdateItemCommand({
            ...at,
            UpdateExpression: 'SET n = :to',
            ConditionExpression: 'n = :from',
            ExpressionAttributeValues: { ':from': N(input.from), ':to': N(input.to) },
          }),
        ),
      );
  }
}

async function operatePair(
  db: D.DynamoDBClient,
  id: string,
  { input, token }: { readonly input: PairInput; readonly token: string },
): Promise<PairOutput> {
  const sides = [`${id}-left`, `${id}-right`];
  if (input.kind === 'readBoth') {
    const { Responses } = await db.send(
      new D.TransactGetItemsCommand({
        TransactItems: sides.map((side) => ({ Get: { TableName, Key: keyOf(side) } })),
      }),
    );
    return { left: numberIn(Responses?.[0]?.Item), right: numberIn(Responses?.[1]?.Item) };
  }
  if (input.kind !== 'writeBoth') {
    const Key = keyOf(input.kind === 'readLeft' ? `${id}-left` : `${id}-right`);
    const { Item } = await db.send(new D.GetItemCommand({ TableName, Key, ConsistentRead: true }));
    return { value: numberIn(Item) };
  }
  const { value, from } = input;
  const condition =
    from === undefined
      ? {}
      : { ConditionExpression: 'n = :from', ExpressionAttributeValues: { ':from': N(from) } };
  return holds(
    db.send(
      new D.TransactWriteItemsCommand({
        ClientRequestToken: token,
        TransactItems: sides.map((side) => ({
          Put: { TableName, Item: { ...keyOf(side), n: N(value) }, ...condition },
        })),
      }),
    ),
  );
}

/** What all clients saw of each thing, by its id. */
interface Histories {
  readonly registers: Map<string, Operation<RegisterInput, RegisterOutput>[]>;
  readonly pairs: Map<string, Operation<PairInput, PairOutput>[]>;
}

let folder: string;
let cloud: KillableCloud;
const histories: Histories = { registers: new Map(), pairs: new Map() };
/** A value last seen or written, which a swap may hope to find. */
const hints = new Map<string, number>();
let values = 0;
let answers = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-linearizable-'));
  cloud = await startKillableCloud(folder);
  await cloud.client(D.DynamoDBClient).send(
    new D.CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

function chooseRegisterInput(random: Random, id: string): RegisterInput {
  const from = hints.get(id) ?? 0;
  const choices: RegisterInput[] = [
    { kind: 'read' },
    { kind: 'read' },
    { kind: 'count' },
    { kind: 'swap', from, to: (values += 1000) },
    { kind: 'swap', from, to: (values += 1000) },
    { kind: 'write', value: (values += 1000) },
    { kind: 'create', value: (values += 1000) },
    { kind: 'remove' },
  ];
  return choices[randomInteger(random, choices.length)] ?? { kind: 'read' };
}

function choosePairInput(random: Random, id: string): PairInput {
  const choices: PairInput[] = [
    { kind: 'readBoth' },
    { kind: 'readLeft' },
    { kind: 'readRight' },
    { kind: 'writeBoth', value: (values += 1000), from: undefined },
    { kind: 'writeBoth', value: (values += 1000), from: hints.get(id) },
  ];
  return choices[randomInteger(random, choices.length)] ?? { kind: 'readBoth' };
}

/** A transaction whose outcome a client does not know, to be asked for again with its token. */
interface Unanswered {
  readonly id: string;
  readonly input: PairInput;
  readonly token: string;
  readonly startMs: number;
}

/** Operates until the cloud is gone. Returns a transaction that was under way then. */
async function operate(
  client: number,
  random: Random,
  unanswered: Unanswered | undefined,
): Promise<Unanswered | undefined> {
  const db = cloud.client(D.DynamoDBClient);
  let pending = unanswered;
  for (;;) {
    if (pending !== undefined || randomInteger(random, 3) === 0) {
      pending = await operatePairOnce(db, client, { random, again: pending });
      if (pending !== undefined) return pending;
    } else if (!(await operateRegisterOnce(db, client, random))) {
      return undefined;
    }
    await sleep(randomInteger(random, PAUSE_MS));
  }
}

/** False when the cloud is gone. */
async function operateRegisterOnce(
  db: D.DynamoDBClient,
  client: number,
  random: Random,
): Promise<boolean> {
  const id = `register-${randomInteger(random, REGISTERS)}`;
  const input = chooseRegisterInput(random, id);
  const startMs = performance.now();
  const output = await unlessGone(operateRegister(db, id, input));
  const endMs = output === undefined ? Infinity : performance.now();
  record(histories.registers, id, { client, input, output, startMs, endMs });
  if (output !== undefined && 'value' in output && output.value !== undefined) {
    hints.set(id, output.value);
  }
  return output !== undefined;
}

/** The transaction again when the cloud is gone before it answers. */
async function operatePairOnce(
  db: D.DynamoDBClient,
  client: number,
  { random, again }: { readonly random: Random; readonly again: Unanswered | undefined },
): Promise<Unanswered | undefined> {
  const id = again?.id ?? `pair-${randomInteger(random, PAIRS)}`;
  const input = again?.input ?? choosePairInput(random, id);
  const token = again?.token ?? `token-${client}-${(values += 1)}`;
  const startMs = again?.startMs ?? performance.now();
  const output = await unlessGone(operatePair(db, id, { input, token }));
  if (output === undefined) return { id, input, token, startMs };
  // A condition that fails at the second attempt may have held at the first, which then is the one
  // that counts: nobody can tell.
  const known = again === undefined || !('held' in output) || output.held;
  record(histories.pairs, id, {
    client,
    input,
    output: known ? output : undefined,
    startMs,
    endMs: known ? performance.now() : Infinity,
  });
  if ('left' in output && output.left !== undefined) hints.set(id, output.left);
  return undefined;
}

async function answersReach(count: number): Promise<void> {
  while (answers < count) await sleep(1);
}

function record<T>(into: Map<string, T[]>, id: string, operation: T): void {
  const known = into.get(id);
  if (known === undefined) into.set(id, [operation]);
  else known.push(operation);
}

/** Undefined when no answer came. A refusal is a defect: it fails the test. */
async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    const answer = await work;
    answers += 1;
    return answer;
  } catch (error) {
    if (
      error instanceof D.DynamoDBServiceException &&
      error.$metadata.httpStatusCode !== undefined
    ) {
      throw error;
    }
    return undefined;
  }
}

function explain(verdict: ReturnType<typeof checkHistory>): string {
  if (verdict.linearizable) return 'linearizable';
  const show = (operations: readonly unknown[]): string =>
    operations.map((operation) => JSON.stringify(operation)).join('\n  ');
  return `after\n  ${show(verdict.longest.slice(-5))}\nnone of these can come next:\n  ${show(verdict.stuck)}`;
}

test(`histories of ${CLIENTS} clients over ${ROUNDS} kills are linearizable`, async () => {
  const random = seededRandom(SEED);
  const randoms = Array.from({ length: CLIENTS }, () =>
    seededRandom(randomInteger(random, 2 ** 31)),
  );
  let unanswered: (Unanswered | undefined)[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const clients = randoms.map((own, client) => operate(client, own, unanswered[client]));
    const enough = FEWEST_ANSWERS + randomInteger(random, MOST_ANSWERS - FEWEST_ANSWERS);
    await Promise.race([answersReach(answers + enough), Promise.all(clients)]);
    await cloud.killAndRestart();
    unanswered = await Promise.all(clients);
  }
  for (const [client, last] of unanswered.entries()) {
    if (last === undefined) continue;
    const { id, input, startMs } = last;
    record(histories.pairs, id, { client, input, output: undefined, startMs, endMs: Infinity });
  }
  for (const [id, history] of histories.registers) {
    expect(`${id}: ${explain(checkHistory(register, history))}`).toBe(`${id}: linearizable`);
  }
  for (const [id, history] of histories.pairs) {
    expect(`${id}: ${explain(checkHistory(pair, history))}`).toBe(`${id}: linearizable`);
  }
  const all = [...histories.registers.values(), ...histories.pairs.values()].flat();
  expect(histories.registers.size + histories.pairs.size).toBe(REGISTERS + PAIRS);
  expect(all.some(({ output }) => output !== undefined && 'held' in output && !output.held)).toBe(
    true,
  );
}, 60_000);
