// The values literals stand for.
import { memberText, setAttribute, type AttributeValue } from '../attribute-value.ts';
import { invalid, invalidParameter } from '../errors.ts';
import { NESTING_MAX_LEVELS } from '../limits.ts';
import { canonicalNumber } from '../number.ts';
import { atPlace, type Expression } from './syntax-tree.ts';

/** Where in a value a part stands: messages show it as `root.a[1]`. */
interface Position {
  readonly path: string;
  readonly depth: number;
}

const ROOT: Position = { path: 'root', depth: 0 };

/** How messages name what cannot be a value. AWS: by the names of its parser's nodes. */
const NODE_NAMES: Partial<Record<Expression['kind'], string>> = {
  name: 'VariableReference',
  path: 'Path',
  parameter: 'Parameter',
  missing: 'LiteralMissing',
  is: 'IsType',
  select: 'Select',
};

/** As messages call a node that stands where it cannot. */
export function nodeName(node: Expression): string {
  if (node.kind === 'call') return node.name;
  return NODE_NAMES[node.kind] ?? node.kind.toUpperCase();
}

/** Whether the node is a literal, as far as its outside goes. */
export function isLiteral({ kind }: Expression): boolean {
  return ['string', 'number', 'boolean', 'null', 'list', 'bag', 'struct'].includes(kind);
}

/** Throws for anything but a literal; parameters do not stand inside literals. */
export function literalValue(node: Expression, position: Position = ROOT): AttributeValue {
  if (position.depth >= NESTING_MAX_LEVELS) {
    throw invalid(`Nesting Levels have exceeded supported limits under ${position.path}`);
  }
  if (node.kind === 'string') return { S: node.text };
  if (node.kind === 'number') {
    return { N: canonicalNumber(node.text, (problem) => under(problem, position)) };
  }
  if (node.kind === 'boolean') return { BOOL: node.value };
  if (node.kind === 'null') return { NULL: true };
  if (node.kind === 'list') {
    return { L: node.items.map((item, i) => literalValue(item, below(position, `[${i}]`))) };
  }
  if (node.kind === 'struct') return { M: structValue(node, position) };
  if (node.kind === 'bag') return bagValue(node.items, position);
  throw invalid(
    `Unsupported data type: ${nodeName(node)} under key ${position.path}${atPlace(node.at)}`,
  );
}

function under(problem: string, { path }: Position): Error {
  return invalid(`${problem} under ${path}`);
}

function below({ path, depth }: Position, step: string): Position {
  return { path: path + step, depth: depth + 1 };
}

type StructNode = Extract<Expression, { kind: 'struct' }>;

function structValue(node: StructNode, position: Position): Record<string, AttributeValue> {
  const map: Record<string, AttributeValue> = {};
  for (const [name, value] of structFields(node, position.path)) {
    setAttribute(map, name, literalValue(value, below(position, `.${name}`)));
  }
  return map;
}

/** The fields of a struct by name. Throws for names that are not texts or stand twice. */
export function structFields({ fields }: StructNode, path = 'root'): Map<string, Expression> {
  const byName = new Map<string, Expression>();
  for (const { key, value } of fields) {
    if (key.kind !== 'string') {
      throw invalid(`Unsupported key type in struct: ${nodeName(key)}${atPlace(key.at)}`);
    }
    if (byName.has(key.text)) {
      throw invalid(`Duplicate keys in tuple. Key: ${key.text} under ${path}`);
    }
    byName.set(key.text, value);
  }
  return byName;
}

/** `<<1, 2>>` is a set of numbers or of strings. AWS: there are no binary literals. */
function bagValue(items: readonly Expression[], position: Position): AttributeValue {
  if (items.length === 0) throw invalid('Empty bags are not supported');
  const values = items.map((item, i) => literalValue(item, below(position, `[${i}]`)));
  const texts = values.flatMap((value) => ('S' in value ? value.S : []));
  if (texts.length === items.length) {
    checkDistinct(texts, () =>
      invalidParameter(`Input collection [${texts.join(', ')}] contains duplicates.`),
    );
    return { SS: texts };
  }
  const numbers = values.flatMap((value) => ('N' in value ? value.N : []));
  if (numbers.length !== items.length) {
    throw invalid(
      'Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags',
    );
  }
  // AWS: shows numbers as they were written, and in other words than strings.
  const written = items.map((item) => (item.kind === 'number' ? item.text : ''));
  checkDistinct(numbers, () =>
    invalidParameter(
      `Input collection [${written.join(', ')}] contains duplicates! under ${position.path}`,
    ),
  );
  return { NS: numbers };
}

function checkDistinct(members: readonly string[], complain: () => Error): void {
  if (new Set(members.map(memberText)).size < members.length) throw complain();
}
