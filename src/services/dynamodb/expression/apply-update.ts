// Applies the actions of an update to an item.
import {
  memberText,
  setAttribute,
  typeOf,
  type AttributeValue,
  type Item,
} from '../attribute-value.ts';
import { unreachable } from '../../../base/errors.ts';
import { invalid } from '../errors.ts';
import { addNumbers } from '../number.ts';
import { valueAt } from './evaluate.ts';
import type { BoundAction, BoundOperand, Path, SetValue } from './syntax.ts';

const WRONG_TYPE = 'An operand in the update expression has an incorrect data type';
/** AWS: the words for AttributeUpdates. scylladb test_item.py; dynalite, updateItem */
const LEGACY_WRONG_TYPE = 'Type mismatch for attribute to update';
const WRONG_PATH = 'The document path provided in the update expression is invalid for update';
const ABSENT = 'The provided expression refers to an attribute that does not exist in the item';

/** A document under change: maps and lists on the way to a changed place are copies of our own. */
type Draft = DraftMap | DraftList;

interface DraftMap {
  readonly kind: 'map';
  readonly members: Map<string, AttributeValue | Draft>;
}

/** Elements keep the indexes they had before the update until all actions are done. */
interface DraftList {
  readonly kind: 'list';
  readonly elements: Map<number, AttributeValue | Draft>;
}

/** What an action found and decided, before anything changed. `undefined`: nothing stays there. */
interface Change {
  readonly path: Path;
  readonly value: AttributeValue | undefined;
}

/**
 * The item after the update. All values are read from the item as it was, whatever the order of the
 * actions. Throws the service's errors.
 */
export function applyUpdate(actions: readonly BoundAction[], item: Item): Item {
  const changes = actions.map((action) => ({ path: action.path, value: newValue(action, item) }));
  const draft = openMap(item);
  for (const change of changes) applyChange(draft, change);
  return closeMap(draft);
}

function newValue(action: BoundAction, item: Item): AttributeValue | undefined {
  switch (action.kind) {
    case 'set':
      return evaluate(action.value, item);
    case 'remove':
      return undefined;
    case 'add':
    case 'delete': {
      const existing = valueAt(action.path, item);
      if (existing !== undefined && typeOf(existing) !== typeOf(action.value)) {
        throw invalid(action.legacy === true ? LEGACY_WRONG_TYPE : WRONG_TYPE);
      }
      return action.kind === 'add'
        ? add(existing, action.value)
        : subtractSet(existing, action.value);
    }
    default:
      return unreachable(action);
  }
}

function evaluate(value: SetValue<AttributeValue>, item: Item): AttributeValue {
  if (value.kind !== 'arithmetic') return evaluateOperand(value, item);
  const left = evaluateOperand(value.left, item);
  const right = evaluateOperand(value.right, item);
  if (!('N' in left) || !('N' in right)) throw invalid(WRONG_TYPE);
  return {
    N: addNumbers(left.N, right.N, { subtract: value.operator === '-', complain: invalid }),
  };
}

function evaluateOperand(operand: BoundOperand, item: Item): AttributeValue {
  if (operand.kind === 'value') return operand.value;
  if (operand.kind === 'path') {
    const value = valueAt(operand.path, item);
    if (value === undefined) throw invalid(ABSENT);
    return value;
  }
  const [first, second] = operand.args;
  if (first === undefined || second === undefined) throw invalid(ABSENT);
  if (operand.name === 'if_not_exists') {
    const existing = first.kind === 'path' ? valueAt(first.path, item) : undefined;
    return existing ?? evaluateOperand(second, item);
  }
  const [head, tail] = [evaluateOperand(first, item), evaluateOperand(second, item)];
  if (!('L' in head) || !('L' in tail)) throw invalid(WRONG_TYPE);
  return { L: [...head.L, ...tail.L] };
}

function add(existing: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (existing === undefined) return value;
  if ('N' in existing && 'N' in value) {
    return { N: addNumbers(existing.N, value.N, { subtract: false, complain: invalid }) };
  }
  if ('SS' in existing && 'SS' in value) return { SS: union(existing.SS, value.SS) };
  if ('NS' in existing && 'NS' in value) return { NS: union(existing.NS, value.NS) };
  if ('BS' in existing && 'BS' in value) return { BS: union(existing.BS, value.BS) };
  // Lists come only from the legacy AttributeUpdates, which appends them.
  if ('L' in existing && 'L' in value) return { L: [...existing.L, ...value.L] };
  throw invalid(WRONG_TYPE);
}

function union<T extends string | Uint8Array>(members: readonly T[], added: readonly T[]): T[] {
  const known = new Set(members.map(memberText));
  return [...members, ...added.filter((member) => !known.has(memberText(member)))];
}

/** What is left of a set; undefined when nothing is, since there are no empty sets. */
function subtractSet(
  existing: AttributeValue | undefined,
  value: AttributeValue,
): AttributeValue | undefined {
  if (existing === undefined) return undefined;
  if ('SS' in existing && 'SS' in value) return nonEmpty(difference(existing.SS, value.SS), 'SS');
  if ('NS' in existing && 'NS' in value) return nonEmpty(difference(existing.NS, value.NS), 'NS');
  if ('BS' in existing && 'BS' in value) return nonEmpty(difference(existing.BS, value.BS), 'BS');
  throw invalid(WRONG_TYPE);
}

function difference<T extends string | Uint8Array>(members: readonly T[], gone: readonly T[]): T[] {
  const out = new Set(gone.map(memberText));
  return members.filter((member) => !out.has(memberText(member)));
}

function nonEmpty(
  members: readonly (string | Uint8Array)[],
  type: 'SS' | 'NS' | 'BS',
): AttributeValue | undefined {
  return members.length === 0 ? undefined : ({ [type]: members } as unknown as AttributeValue);
}

function applyChange(draft: DraftMap, { path, value }: Change): void {
  let parent: Draft = draft;
  for (const step of path.slice(0, -1)) parent = openChild(parent, step);
  const last = path.at(-1);
  if (parent.kind === 'map' && typeof last === 'string') {
    if (value === undefined) parent.members.delete(last);
    else parent.members.set(last, value);
  } else if (parent.kind === 'list' && typeof last === 'number') {
    if (value === undefined) parent.elements.delete(last);
    // An index past the end appends: order among the indexes is all that counts.
    else parent.elements.set(last, value);
  } else {
    throw invalid(WRONG_PATH);
  }
}

/** The document at `step`, made a draft so that it can change. */
function openChild(parent: Draft, step: string | number): Draft {
  const child =
    parent.kind === 'map'
      ? typeof step === 'string' && parent.members.get(step)
      : typeof step === 'number' && parent.elements.get(step);
  if (child === undefined || child === false) throw invalid(WRONG_PATH);
  const opened = isDraft(child) ? child : openValue(child);
  if (parent.kind === 'map') parent.members.set(String(step), opened);
  else parent.elements.set(Number(step), opened);
  return opened;
}

function isDraft(value: AttributeValue | Draft): value is Draft {
  return 'kind' in value;
}

function openValue(value: AttributeValue): Draft {
  if ('M' in value) return openMap(value.M);
  if ('L' in value) return { kind: 'list', elements: new Map(value.L.entries()) };
  throw invalid(WRONG_PATH);
}

function openMap(map: Item): DraftMap {
  return { kind: 'map', members: new Map(Object.entries(map)) };
}

function closeMap({ members }: DraftMap): Item {
  const map: Record<string, AttributeValue> = {};
  for (const [name, value] of members) setAttribute(map, name, close(value));
  return map;
}

function close(value: AttributeValue | Draft): AttributeValue {
  if (!isDraft(value)) return value;
  if (value.kind === 'map') return { M: closeMap(value) };
  const indexes = [...value.elements.keys()].toSorted((a, b) => a - b);
  const elements: AttributeValue[] = [];
  for (const index of indexes) {
    const element = value.elements.get(index);
    if (element !== undefined) elements.push(close(element));
  }
  return { L: elements };
}
