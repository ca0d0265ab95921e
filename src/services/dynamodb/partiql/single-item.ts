// The one item a statement is about: its key, taken out of the WHERE clause.
import {
  attributeOf,
  equalValues,
  setAttribute,
  type AttributeValue,
  type Item,
} from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import type { BoundCondition } from '../expression/syntax.ts';
import { keyNames, type KeySchema } from '../table-definition.ts';
import { conjuncts, joinConditions, keyTerm, pinnedValue } from './key-terms.ts';

export interface SingleItem {
  /** Whole, or lacking what the WHERE clause lacks. */
  readonly key: Item;
  /** What it says besides. */
  readonly rest: BoundCondition | undefined;
  /** A key attribute it gives two values. */
  readonly conflict: string | undefined;
}

/** @param allowsIn an IN of one value counts as an equality, as it does for reads. */
export function findItem(
  where: BoundCondition | undefined,
  schema: KeySchema,
  { allowsIn }: { readonly allowsIn: boolean },
): SingleItem {
  const key: Record<string, AttributeValue> = {};
  const rest: BoundCondition[] = [];
  let conflict: string | undefined;
  const names = keyNames(schema);
  for (const condition of where === undefined ? [] : conjuncts(where)) {
    const term = keyTerm(condition);
    const usable = term !== undefined && (allowsIn || term.operator === 'EQ');
    const value = usable && names.includes(term.attribute) ? pinnedValue(term) : undefined;
    if (term === undefined || value === undefined) {
      rest.push(condition);
      continue;
    }
    const known = attributeOf(key, term.attribute);
    if (known === undefined) setAttribute(key, term.attribute, value);
    else if (!equalValues(known, value)) {
      conflict ??= term.attribute;
      rest.push(condition);
    }
  }
  return { key, rest: joinConditions('and', rest), conflict };
}

export function hasWholeKey({ key }: SingleItem, schema: KeySchema): boolean {
  return keyNames(schema).every((name) => attributeOf(key, name) !== undefined);
}

/** For a write of its own. Throws unless the WHERE clause names one item. */
export function checkOneItem(item: SingleItem, schema: KeySchema): void {
  if (item.conflict !== undefined) throw severalValues(item.conflict);
  if (hasWholeKey(item, schema)) return;
  throw invalid('Where clause does not contain a mandatory equality on all key attributes');
}

export function severalValues(attribute: string): Error {
  return invalid(
    `Multiple conditions on same key ${attribute}. Only single item Update/Insert/Delete are supported`,
  );
}
