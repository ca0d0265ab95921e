// The syntax trees of PartiQL statements, each node with its place in the text.

/** Where a token stands: counted in characters from 1, as messages show it. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ComparisonOperator | '+' | '-' | '*' | '/' | '%' | '||' | 'and' | 'or';

interface Placed {
  readonly at: Place;
}

export interface NameNode extends Placed {
  readonly kind: 'name';
  readonly name: string;
  readonly quoted: boolean;
}

/** One step of a path: `.name`, `."name"`, `[index]`, or a wildcard. */
export type PathStep = Placed &
  (
    | { readonly kind: 'member'; readonly name: string; readonly quoted: boolean }
    | { readonly kind: 'index'; readonly index: Expression }
    | { readonly kind: 'wildcard' }
  );

export interface PathNode extends Placed {
  readonly kind: 'path';
  readonly root: Expression;
  readonly steps: readonly PathStep[];
}

export interface CallNode extends Placed {
  readonly kind: 'call';
  /** In lower case: functions are known by any case. */
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface SelectNode extends Placed {
  readonly kind: 'select';
  readonly distinct: boolean;
  /** `*` or the columns. */
  readonly columns: 'all' | readonly Column[];
  readonly from: Source;
  readonly where: Expression | undefined;
  readonly orderBy: readonly OrderTerm[];
  /** A clause DynamoDB has no use for: its name and place. */
  readonly extraClause: (Placed & { readonly name: string }) | undefined;
}

export interface Column {
  readonly expression: Expression;
  readonly alias: string | undefined;
}

export interface Source {
  readonly table: Expression;
  readonly alias: string | undefined;
}

export interface OrderTerm {
  readonly expression: Expression;
  readonly descending: boolean;
  /** Whether ASC or DESC stands there. */
  readonly explicit: boolean;
}

export type ReturningMapping = 'all_old' | 'all_new' | 'modified_old' | 'modified_new';

export interface InsertNode extends Placed {
  readonly kind: 'insert';
  readonly table: Expression;
  readonly value: Expression;
  /** A clause DynamoDB has no use for. */
  readonly extraClause: string | undefined;
}

export type Change =
  | { readonly kind: 'set'; readonly target: Expression; readonly value: Expression }
  | { readonly kind: 'remove'; readonly target: Expression };

export interface UpdateNode extends Placed {
  readonly kind: 'update';
  readonly from: Source;
  readonly changes: readonly Change[];
  readonly where: Expression | undefined;
  readonly returning: ReturningMapping | undefined;
}

export interface DeleteNode extends Placed {
  readonly kind: 'delete';
  readonly from: Source;
  readonly where: Expression | undefined;
  readonly returning: ReturningMapping | undefined;
}

export type Expression =
  | NameNode
  | PathNode
  | CallNode
  | SelectNode
  | InsertNode
  | UpdateNode
  | DeleteNode
  | (Placed & { readonly kind: 'string'; readonly text: string })
  /** `text` as written, with its sign. */
  | (Placed & { readonly kind: 'number'; readonly text: string })
  | (Placed & { readonly kind: 'boolean'; readonly value: boolean })
  | (Placed & { readonly kind: 'null' | 'missing' | 'star' })
  /** `number` counts the question marks from 0. */
  | (Placed & { readonly kind: 'parameter'; readonly number: number })
  | (Placed & { readonly kind: 'list' | 'bag'; readonly items: readonly Expression[] })
  | (Placed & { readonly kind: 'struct'; readonly fields: readonly StructField[] })
  | (Placed & { readonly kind: 'not' | 'sign'; readonly operand: Expression })
  | (Placed & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  | (Placed & {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
    })
  | (Placed & { readonly kind: 'in'; readonly operand: Expression; readonly choices: Expression })
  | (Placed & { readonly kind: 'is'; readonly operand: Expression; readonly type: string })
  | (Placed & {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
    });

export interface StructField {
  readonly key: Expression;
  readonly value: Expression;
}

/** ` at 1:8:5`, as messages end that name a place. */
export function atPlace({ line, column, length }: Place): string {
  return ` at ${line}:${column}:${length}`;
}
