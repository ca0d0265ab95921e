// Properties against a resource type's shape: coercion, and the messages of AWS's validator.
import { describe, expect, it } from 'vitest';
import { conform } from './shape.ts';
import type { ObjectShape } from './shape.ts';

const TAG: ObjectShape = {
  type: 'object',
  properties: { Key: { type: 'string' }, Value: { type: 'string' } },
  required: ['Key'],
};
const SHAPE: ObjectShape = {
  type: 'object',
  properties: {
    Name: { type: 'string' },
    Size: { type: 'integer' },
    Rate: { type: 'number' },
    On: { type: 'boolean' },
    Tags: { type: 'list', of: TAG },
    Variables: { type: 'map', of: { type: 'string' } },
    Policy: { type: 'json' },
  },
  required: ['Name'],
};

describe('scalars are coerced', () => {
  it.each([
    [{ Name: 5 }, { Name: '5' }],
    [
      { Name: 'n', Size: '10' },
      { Name: 'n', Size: 10 },
    ],
    [
      { Name: 'n', Rate: '1.5' },
      { Name: 'n', Rate: 1.5 },
    ],
    [
      { Name: true, On: 'false' },
      { Name: 'true', On: false },
    ],
    [
      { Name: 'n', Variables: { A: 1 } },
      { Name: 'n', Variables: { A: '1' } },
    ],
    [
      { Name: 'n', Policy: { Version: 1 } },
      { Name: 'n', Policy: { Version: 1 } },
    ],
  ])('%j', (given, properties) => {
    expect(conform(given, SHAPE)).toEqual({ ok: true, properties });
  });
});

describe('problems', () => {
  it.each([
    [{}, ['#: required key [Name] not found']],
    [{ Name: 'n', Foo: 1 }, ['#: extraneous key [Foo] is not permitted']],
    [{ Name: [] }, ['#/Name: expected type: String, found: JSONArray']],
    [{ Name: 'n', Size: 1.5 }, ['#/Size: expected type: Integer, found: Double']],
    [{ Name: 'n', On: 'maybe' }, ['#/On: expected type: Boolean, found: String']],
    [{ Name: 'n', Tags: {} }, ['#/Tags: expected type: JSONArray, found: JSONObject']],
    [
      { Name: 'n', Tags: [{ Value: 'v' }, 'x'] },
      [
        '#/Tags/0: required key [Key] not found',
        '#/Tags/1: expected type: JSONObject, found: String',
      ],
    ],
  ])('%j', (given, problems) => {
    expect(conform(given, SHAPE)).toEqual({ ok: false, problems });
  });
});
