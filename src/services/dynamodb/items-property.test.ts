// Random sequences of requests, with expressions and with the parameters from before them, against
// a table that is a map of naive items.
import * as D from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { clauses, compare, type Clause } from './expression/naive-conditions.ts';
import {
  legacyConditions,
  legacyUpdates,
  type LegacyConditions,
} from './expression/naive-legacy.ts';
import { projections, Refused, updates } from './expression/naive-updates.ts';
import {
  bind,
  fromItem,
  items,
  showItem,
  toItem,
  type Naive,
  type NaiveItem,
} from './expression/naive-values.ts';

const TableName = 'things';
let cloud: TestCloud;
let db: D.DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud();
  db = cloud.client(D.DynamoDBClient);
  await db.send(
    new D.CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
      ],
    }),
  );
});
afterAll(() => cloud.close());

interface Key {
  readonly pk: string;
  readonly sk: number;
}

type WireItem = Record<string, D.AttributeValue>;

const PARTITIONS = ['p', 'q'];
const SORT_KEYS = [-1, 0, 2];
const keys: fc.Arbitrary<Key> = fc.record({
  pk: fc.constantFrom(...PARTITIONS),
  sk: fc.constantFrom(...SORT_KEYS),
});

const wire = (item: NaiveItem): WireItem => toItem(item) as unknown as WireItem;
const keyOf = ({ pk, sk }: Key): WireItem => ({ pk: { S: pk }, sk: { N: String(sk) } });
const naiveKey = (key: Key): NaiveItem => fromItem(keyOf(key));
const show = (item: WireItem | undefined): string =>
  item === undefined ? 'none' : showItem(fromItem(item));

/** The table as the naive side sees it. */
type Table = Map<string, NaiveItem>;
const place = ({ pk, sk }: Key): string => `${pk} ${sk}`;

/** A request: what the cloud answers, and what it is expected to. */
interface Request {
  readonly send: () => Promise<string>;
  readonly expected: (table: Table) => string;
}

/** A condition in either form, as members of a request. */
interface Guard {
  readonly input: object;
  readonly test: (item: NaiveItem) => boolean;
}

function merged(
  one: ReturnType<typeof bind>,
  other: ReturnType<typeof bind>,
): Pick<D.PutItemInput, 'ExpressionAttributeNames' | 'ExpressionAttributeValues'> {
  const names = { ...one.names, ...other.names };
  const values = { ...one.values, ...other.values } as unknown as WireItem;
  return {
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

const NOTHING = bind({ text: '', values: [] });

function modern(parameter: string, clause: Clause): Guard {
  const bound = bind(clause, 'c');
  return { input: { [parameter]: bound.text, ...merged(bound, NOTHING) }, test: clause.test };
}

function legacy(
  parameter: 'Expected' | 'QueryFilter' | 'ScanFilter',
  row: LegacyConditions,
): Guard {
  const { conditions, expected, operator, test: holds } = row;
  const input = {
    [parameter]: parameter === 'Expected' ? expected : conditions,
    ...(operator !== undefined && { ConditionalOperator: operator }),
  };
  return { input, test: holds };
}

const FREE: Guard = { input: {}, test: () => true };
const guards: fc.Arbitrary<Guard> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(FREE) },
  clauses.map((clause) => modern('ConditionExpression', clause)),
  legacyConditions.map((row) => legacy('Expected', row)),
);

/** A write of one item: `change` returns the item afterwards, and may throw `Refused`. */
function writing(
  key: Key,
  guard: Guard,
  {
    change,
    answer,
  }: {
    change: (item: NaiveItem | undefined) => NaiveItem | undefined;
    answer: 'old' | 'new';
  },
): Request['expected'] {
  return (table) => {
    const old = table.get(place(key));
    if (!guard.test(old ?? {})) return 'ConditionalCheckFailedException';
    let now: NaiveItem | undefined;
    try {
      now = change(old);
    } catch (error) {
      if (error instanceof Refused) return 'ValidationException';
      throw error;
    }
    if (now === undefined) table.delete(place(key));
    else table.set(place(key), now);
    const told = answer === 'old' ? old : now;
    return told === undefined ? 'none' : showItem(told);
  };
}

const puts: fc.Arbitrary<Request> = fc.tuple(keys, items, guards).map(([key, item, guard]) => {
  const whole = { ...item, ...naiveKey(key) };
  const input = { TableName, Item: wire(whole), ...guard.input, ReturnValues: 'ALL_OLD' as const };
  return {
    send: async () => show((await db.send(new D.PutItemCommand(input))).Attributes),
    expected: writing(key, guard, { change: () => whole, answer: 'old' }),
  };
});

const deletes: fc.Arbitrary<Request> = fc.tuple(keys, guards).map(([key, guard]) => {
  const input = { TableName, Key: keyOf(key), ...guard.input, ReturnValues: 'ALL_OLD' as const };
  return {
    send: async () => show((await db.send(new D.DeleteItemCommand(input))).Attributes),
    expected: writing(key, guard, { change: () => undefined, answer: 'old' }),
  };
});

const modernUpdates: fc.Arbitrary<Request> = fc
  .tuple(keys, updates, fc.option(clauses))
  .map(([key, update, clause]) => {
    const [set, when] = [bind(update), clause === null ? NOTHING : bind(clause, 'c')];
    const input: D.UpdateItemInput = {
      TableName,
      Key: keyOf(key),
      UpdateExpression: set.text,
      ...(clause !== null && { ConditionExpression: when.text }),
      ...merged(set, when),
      ReturnValues: 'ALL_NEW',
    };
    const takesOnly = !/\b(?:SET|ADD)\b/.test(update.text);
    return {
      send: async () => show((await db.send(new D.UpdateItemCommand(input))).Attributes),
      expected: writing(
        key,
        { input: {}, test: clause?.test ?? FREE.test },
        {
          change: (item) => {
            if (item === undefined && takesOnly) return undefined;
            return update.apply(item ?? naiveKey(key));
          },
          answer: 'new',
        },
      ),
    };
  });

const oldUpdates: fc.Arbitrary<Request> = fc
  .tuple(keys, legacyUpdates, fc.option(legacyConditions))
  .map(([key, update, row]) => {
    const guard = row === null ? FREE : legacy('Expected', row);
    const input: D.UpdateItemInput = {
      TableName,
      Key: keyOf(key),
      AttributeUpdates: update.updates,
      ...guard.input,
      ReturnValues: 'ALL_NEW',
    };
    const takesOnly = Object.values(update.updates).every(({ Action }) => Action === 'DELETE');
    return {
      send: async () => show((await db.send(new D.UpdateItemCommand(input))).Attributes),
      expected: writing(key, guard, {
        change: (item) => {
          if (item === undefined && takesOnly) return undefined;
          return update.apply(item ?? naiveKey(key));
        },
        answer: 'new',
      }),
    };
  });

const gets: fc.Arbitrary<Request> = fc
  .tuple(keys, fc.option(projections))
  .map(([key, projection]) => {
    const bound = projection === null ? NOTHING : bind({ ...projection, values: [] });
    const input: D.GetItemInput = {
      TableName,
      Key: keyOf(key),
      ...(projection !== null && { ProjectionExpression: bound.text, ...merged(bound, NOTHING) }),
    };
    return {
      send: async () => show((await db.send(new D.GetItemCommand(input))).Item),
      expected: (table) => {
        const item = table.get(place(key));
        if (item === undefined) return 'none';
        return showItem(projection === null ? item : projection.pick(item));
      },
    };
  });

const filters = (parameter: 'QueryFilter' | 'ScanFilter'): fc.Arbitrary<Guard> =>
  fc.oneof(
    fc.constant(FREE),
    clauses.map((clause) => modern('FilterExpression', clause)),
    legacyConditions.map((row) => legacy(parameter, row)),
  );

const LEGACY_NAMES = { '=': 'EQ', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE' } as const;

const queries: fc.Arbitrary<Request> = fc
  .record({
    pk: fc.constantFrom(...PARTITIONS),
    comparator: fc.constantFrom('=' as const, '<', '<=', '>', '>='),
    bound: fc.constantFrom(...SORT_KEYS, 1),
    forward: fc.boolean(),
    limit: fc.option(fc.integer({ min: 1, max: 3 })),
    filter: filters('QueryFilter'),
  })
  .map(({ pk, comparator, bound, forward, limit, filter }) => {
    const [p, s] = [{ S: pk }, { N: String(bound) }];
    const { ExpressionAttributeValues: values, ...others } = filter.input as D.QueryInput;
    const one = (
      ComparisonOperator: D.ComparisonOperator,
      value: D.AttributeValue,
    ): D.Condition => ({
      ComparisonOperator,
      AttributeValueList: [value],
    });
    const condition =
      'QueryFilter' in others
        ? { KeyConditions: { pk: one('EQ', p), sk: one(LEGACY_NAMES[comparator], s) } }
        : {
            KeyConditionExpression: `pk = :p AND sk ${comparator} :s`,
            ExpressionAttributeValues: { ...values, ':p': p, ':s': s },
          };
    const paging = limit === null ? {} : { Limit: limit };
    const input: D.QueryCommandInput = {
      ScanIndexForward: forward,
      ...others,
      ...condition,
      ...paging,
      TableName,
    };
    return {
      send: async () => {
        const found: string[] = [];
        for await (const page of D.paginateQuery({ client: db }, input)) {
          found.push(...(page.Items ?? []).map(show));
        }
        return found.join('\n');
      },
      expected: (table) => {
        const wanted: Naive = fromItem({ s }).s ?? { type: 'NULL' };
        const found = SORT_KEYS.map((sk) => table.get(place({ pk, sk })))
          .filter((item) => item !== undefined)
          .filter((item) => compare(comparator, item['sk'], wanted) && filter.test(item))
          .map(showItem);
        return (forward ? found : found.toReversed()).join('\n');
      },
    };
  });

const scans: fc.Arbitrary<Request> = fc
  .tuple(filters('ScanFilter'), fc.integer({ min: 1, max: 7 }))
  .map(([filter, limit]) => ({
    send: async () => {
      const found: string[] = [];
      const input = { TableName, Limit: limit, ...filter.input };
      for await (const page of D.paginateScan({ client: db }, input)) {
        found.push(...(page.Items ?? []).map(show));
      }
      return found.toSorted().join('\n');
    },
    expected: (table) =>
      [...table.values()].filter(filter.test).map(showItem).toSorted().join('\n'),
  }));

const requests: fc.Arbitrary<Request> = fc.oneof(
  { weight: 4, arbitrary: puts },
  { weight: 3, arbitrary: modernUpdates },
  { weight: 2, arbitrary: oldUpdates },
  deletes,
  gets,
  queries,
  scans,
);

async function answerOf(request: Request): Promise<string> {
  try {
    return await request.send();
  } catch (error) {
    return (error as Error).name;
  }
}

async function empty(): Promise<void> {
  for (const pk of PARTITIONS) {
    for (const sk of SORT_KEYS) {
      await db.send(new D.DeleteItemCommand({ TableName, Key: keyOf({ pk, sk }) }));
    }
  }
}

test('sequences of requests have the answers that a map of items would give', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 5, maxLength: 25 }), async (list) => {
      await empty();
      const table: Table = new Map();
      for (const request of list) expect(await answerOf(request)).toBe(request.expected(table));
    }),
    { numRuns: 60 },
  );
}, 60_000);
