// The syntax trees of expressions, before and after placeholders are resolved.
import type { AttributeValue } from '../attribute-value.ts';

/**
 * A document path. Before binding, a step that starts with `#` is a placeholder (a plain name
 * cannot start so); after it every text is an attribute's name. Numbers are list indexes.
 */
export type Path = readonly (string | number)[];

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** `V` is a placeholder's text before binding, the value itself after. */
export type Operand<V> =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: V }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Operand<V>[] };

export type Condition<V> =
  | {
      readonly kind: 'compare';
      readonly comparator: Comparator;
      readonly left: Operand<V>;
      readonly right: Operand<V>;
    }
  | {
      readonly kind: 'between';
      readonly operand: Operand<V>;
      readonly low: Operand<V>;
      readonly high: Operand<V>;
    }
  | { readonly kind: 'in'; readonly operand: Operand<V>; readonly choices: readonly Operand<V>[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Operand<V>[] }
  | {
      readonly kind: 'and' | 'or';
      readonly left: Condition<V>;
      readonly right: Condition<V>;
    }
  | { readonly kind: 'not'; readonly condition: Condition<V> };

export type SetValue<V> =
  | Operand<V>
  | {
      readonly kind: 'arithmetic';
      readonly operator: '+' | '-';
      readonly left: Operand<V>;
      readonly right: Operand<V>;
    };

export type UpdateAction<V> =
  | { readonly kind: 'set'; readonly path: Path; readonly value: SetValue<V> }
  | { readonly kind: 'remove'; readonly path: Path }
  | {
      readonly kind: 'add' | 'delete';
      readonly path: Path;
      readonly value: V;
      /** From AttributeUpdates, which words a wrong type in its own way. */
      readonly legacy?: true;
    };

export type BoundCondition = Condition<AttributeValue>;
export type BoundOperand = Operand<AttributeValue>;
export type BoundAction = UpdateAction<AttributeValue>;

/** What parsing alone can tell of an expression. */
export interface Parsed<T> {
  readonly tree: T;
  /** The first problem that needs no placeholders to be seen, in DynamoDB's order. */
  readonly problem: string | undefined;
}

/** A path as messages show it: `[a, b, [1]]`. */
export function formatPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}
