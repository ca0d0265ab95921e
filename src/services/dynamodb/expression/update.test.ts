// Updates and projections applied to items.
import { describe, expect, test } from 'vitest';
import type { AttributeValue, Item } from '../attribute-value.ts';
import { applyUpdate } from './apply-update.ts';
import { readAttributeUpdate } from './legacy.ts';
import { openPlaceholders } from './placeholders.ts';
import { planProjection, projectItem } from './project.ts';
import { readProjection, readUpdate } from './read-expression.ts';

const S = (text: string): AttributeValue => ({ S: text });
const N = (number: number): AttributeValue => ({ N: String(number) });
const L = (...elements: AttributeValue[]): AttributeValue => ({ L: elements });

const VALUES: Item = {
  ':x': S('x'),
  ':y': S('y'),
  ':1': N(1),
  ':5': N(5),
  ':list': L(S('z')),
  ':ab': { SS: ['a', 'b'] },
  ':c': { SS: ['c'] },
  ':n12': { NS: ['1', '2'] },
  ':bytes': { BS: [Uint8Array.of(1)] },
  ':map': { M: {} },
};

function update(text: string, item: Item): Item {
  return applyUpdate(readUpdate(text, openPlaceholders(undefined, VALUES)), item);
}

describe('applyUpdate', () => {
  // Rules: AWS developer guide, "Using update expressions in DynamoDB".
  test.each<[string, Item, Item]>([
    ['SET a = :x', {}, { a: S('x') }],
    ['SET a = :x', { a: N(1), b: N(2) }, { a: S('x'), b: N(2) }],
    ['SET a = b', { b: N(2) }, { a: N(2), b: N(2) }],
    ['SET a = a + :5', { a: N(10) }, { a: N(15) }],
    ['SET a = a - :5', { a: N(3) }, { a: N(-2) }],
    ['SET a = if_not_exists(a, :1) + :5', {}, { a: N(6) }],
    ['SET a = if_not_exists(b, :1)', { b: S('kept') }, { a: S('kept'), b: S('kept') }],
    ['SET a = list_append(a, :list)', { a: L(S('first')) }, { a: L(S('first'), S('z')) }],
    ['SET a = list_append(:list, a)', { a: L(S('first')) }, { a: L(S('z'), S('first')) }],
    ['SET a.b = :x', { a: { M: { c: N(1) } } }, { a: { M: { c: N(1), b: S('x') } } }],
    ['SET a[1] = :x', { a: L(N(0), N(1), N(2)) }, { a: L(N(0), S('x'), N(2)) }],
    ['SET a[9] = :x', { a: L(N(0)) }, { a: L(N(0), S('x')) }],
    ['SET a[9] = :x, a[7] = :y', { a: L(N(0)) }, { a: L(N(0), S('y'), S('x')) }],
    [
      'SET a[0].b[1] = :x',
      { a: L({ M: { b: L(N(1)) } }) },
      { a: L({ M: { b: L(N(1), S('x')) } }) },
    ],
    // All actions see the item as it was.
    ['SET a = b, b = a', { a: N(1), b: N(2) }, { a: N(2), b: N(1) }],
    ['SET a = :x REMOVE b', { b: N(2) }, { a: S('x') }],
    ['REMOVE a[0], a[2]', { a: L(N(0), N(1), N(2), N(3)) }, { a: L(N(1), N(3)) }],
    ['REMOVE a[0] SET a[1] = :x', { a: L(N(0), N(1)) }, { a: L(S('x')) }],
    ['REMOVE a[5]', { a: L(N(0)) }, { a: L(N(0)) }],
    ['REMOVE nowhere', { a: N(1) }, { a: N(1) }],
    ['REMOVE a.b', { a: { M: { b: N(1) } } }, { a: { M: {} } }],
    ['ADD a :5', { a: N(1) }, { a: N(6) }],
    ['ADD a :5', {}, { a: N(5) }],
    ['ADD a :ab', { a: { SS: ['b', 'd'] } }, { a: { SS: ['b', 'd', 'a'] } }],
    ['ADD a.b :1', { a: { M: {} } }, { a: { M: { b: N(1) } } }],
    ['ADD a :bytes', { a: { BS: [Uint8Array.of(1)] } }, { a: { BS: [Uint8Array.of(1)] } }],
    ['DELETE a :ab', { a: { SS: ['a', 'b', 'c'] } }, { a: { SS: ['c'] } }],
    ['DELETE a :ab', { a: { SS: ['a'] } }, {}],
    ['DELETE a :ab', {}, {}],
    ['DELETE a :n12', { a: { NS: ['2', '3'] } }, { a: { NS: ['3'] } }],
  ])('%s', (text, item, expected) => {
    const before = structuredClone(item);
    expect(update(text, item)).toEqual(expected);
    expect(item).toEqual(before);
  });

  const WRONG_TYPE = 'An operand in the update expression has an incorrect data type';
  const WRONG_PATH = 'The document path provided in the update expression is invalid for update';
  const ABSENT = 'The provided expression refers to an attribute that does not exist in the item';

  // Messages: dynalite, actions/updateItem; moto, exceptions.
  test.each<[string, Item, string]>([
    ['SET a = b', {}, ABSENT],
    ['SET a = a + :1', {}, ABSENT],
    ['SET a = a + :1', { a: S('x') }, WRONG_TYPE],
    ['SET a = list_append(a, :list)', { a: S('x') }, WRONG_TYPE],
    ['SET a.b = :x', {}, WRONG_PATH],
    ['SET a.b = :x', { a: S('x') }, WRONG_PATH],
    ['SET a.b = :x', { a: L() }, WRONG_PATH],
    ['SET a[0] = :x', { a: { M: {} } }, WRONG_PATH],
    ['REMOVE a.b', {}, WRONG_PATH],
    ['ADD a :1', { a: S('x') }, WRONG_TYPE],
    ['ADD a :ab', { a: { NS: ['1'] } }, WRONG_TYPE],
    ['DELETE a :ab', { a: L() }, WRONG_TYPE],
  ])('%s on %j is refused', (text, item, message) => {
    expect(() => update(text, item)).toThrow(message);
  });
});

describe('legacy AttributeUpdates', () => {
  test.each<[string, AttributeValue | undefined, Item, Item]>([
    ['PUT', S('x'), {}, { a: S('x') }],
    ['DELETE', undefined, { a: N(1) }, {}],
    ['DELETE', { SS: ['a'] }, { a: { SS: ['a', 'b'] } }, { a: { SS: ['b'] } }],
    ['ADD', N(2), { a: N(1) }, { a: N(3) }],
    ['ADD', L(N(2)), { a: L(N(1)) }, { a: L(N(1), N(2)) }],
  ])('%s %j', (action, value, item, expected) => {
    expect(applyUpdate([readAttributeUpdate('a', { action, value })], item)).toEqual(expected);
  });

  // Messages: dynalite, validations/updateItem.
  test.each<[string, AttributeValue | undefined, string]>([
    ['PUT', undefined, 'Only DELETE action is allowed when no attribute value is specified'],
    ['DELETE', S('x'), 'DELETE action with value is not supported for the type S'],
    ['ADD', S('x'), 'ADD action is not supported for the type S'],
  ])('%s %j is refused', (action, value, message) => {
    expect(() => readAttributeUpdate('a', { action, value })).toThrow(
      `One or more parameter values were invalid: ${message}`,
    );
  });
});

describe('projectItem', () => {
  const item: Item = {
    a: S('1'),
    l: L(S('l0'), S('l1'), { M: { x: N(1), y: N(2) } }),
    m: { M: { n: { M: { o: N(1), p: N(2) } }, q: N(3) } },
  };

  // AWS developer guide, "Using projection expressions"; order of list elements:
  // nubo-db/dynoxide#127.
  test.each<[string, Item]>([
    ['a', { a: S('1') }],
    ['a, nowhere', { a: S('1') }],
    ['nowhere', {}],
    ['l[2], l[0]', { l: L(S('l0'), { M: { x: N(1), y: N(2) } }) }],
    ['l[2].y, l[1]', { l: L(S('l1'), { M: { y: N(2) } }) }],
    ['l[7]', {}],
    ['m.n.o, m.q', { m: { M: { n: { M: { o: N(1) } }, q: N(3) } } }],
    ['m.nowhere', {}],
    ['a.b', {}],
  ])('%s', (text, expected) => {
    const paths = readProjection(text, openPlaceholders(undefined, undefined));
    expect(projectItem(planProjection(paths), item)).toEqual(expected);
  });
});
