// Every constraint that the model puts on requests, broken once: each request is refused, whatever
// checks of its own the service makes before those of the model.
import * as D from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConstraintTable, ShapeConstraint } from '../../models/constraint-table.ts';
import { loadConstraints } from '../../models/validate.ts';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: D.DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud();
  db = cloud.client(D.DynamoDBClient);
});
afterAll(() => cloud.close());

const DEPTH = 4;
const LONGEST = 5000;

/** Values that break the shape, or something in it: what is broken, and the value. */
function* broken(
  table: ConstraintTable,
  shape: ShapeConstraint | undefined,
  depth = 0,
): Generator<readonly [string, unknown]> {
  if (shape === undefined || depth > DEPTH) return;
  const inside = (name: string | undefined): Generator<readonly [string, unknown]> =>
    broken(table, name === undefined ? undefined : table.shapes[name], depth + 1);
  const tooLong = 'max' in shape && shape.max !== undefined && shape.max < LONGEST;
  if (shape.kind === 'text') {
    if (shape.min !== undefined && shape.min > 0) yield ['too short', ''];
    if (tooLong) yield ['too long', 'x'.repeat((shape.max ?? 0) + 1)];
    if (shape.values !== undefined) yield ['not one of the values', 'NO_SUCH_VALUE'];
    if (shape.pattern !== undefined) yield ['against the pattern', '\u{1}'];
  } else if (shape.kind === 'number') {
    if (shape.min !== undefined) yield ['too small', shape.min - 1];
    if (shape.max !== undefined) yield ['too large', shape.max + 1];
  } else if (shape.kind === 'list') {
    if (shape.min !== undefined && shape.min > 0) yield ['empty', []];
    for (const [what, value] of inside(shape.of)) yield [`element ${what}`, [value]];
  } else if (shape.kind === 'map') {
    for (const [what, value] of inside(shape.value)) yield [`value ${what}`, { key: value }];
  } else if (shape.kind === 'structure') {
    for (const name of shape.required ?? []) yield [`without ${name}`, {}];
    for (const [name, of] of Object.entries(shape.members ?? {})) {
      for (const [what, value] of inside(of)) yield [`${name} ${what}`, { [name]: value }];
    }
  }
}

test('requests that break the model are refused', async () => {
  const table = await loadConstraints('dynamodb');
  const commands = D as unknown as Record<string, new (input: unknown) => D.GetItemCommand>;
  const wrong: string[] = [];
  let count = 0;
  for (const [operation, input] of Object.entries(table?.operations ?? {})) {
    const Command = commands[`${operation}Command`];
    if (table === undefined || Command === undefined) continue;
    for (const [what, value] of broken(table, table.shapes[input])) {
      count += 1;
      const answer = await db.send(new Command(value)).then(
        () => 'accepted',
        (error: unknown) => (error as Error).name,
      );
      // Operations that do not exist yet have no checks either.
      if (answer === 'NotImplemented') continue;
      if (answer !== 'ValidationException') wrong.push(`${operation}: ${what}: ${answer}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(400);
}, 60_000);
