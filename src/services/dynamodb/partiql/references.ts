// Names and values of a statement as the placeholders of expressions: PartiQL is checked and
// evaluated by what checks and evaluates all other expressions.
import type { AttributeValue } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { openPlaceholders, type Placeholders } from '../expression/placeholders.ts';
import type { Operand, Path } from '../expression/syntax.ts';
import { isLiteral, literalValue } from './literal.ts';
import { atPlace, type Expression, type PathStep } from './syntax-tree.ts';

export interface References {
  readonly parameters: readonly AttributeValue[];
  readonly names: Record<string, string>;
  readonly values: Record<string, AttributeValue>;
  nextName: number;
  nextValue: number;
}

export function openReferences(parameters: readonly AttributeValue[]): References {
  return { parameters, names: {}, values: {}, nextName: 0, nextValue: 0 };
}

export function toPlaceholders({ names, values }: References): Placeholders {
  return openPlaceholders(names, values);
}

/** What a problem becomes. AWS: PartiQL's messages do not name a parameter. */
export function fail(problem: string): Error {
  return invalid(problem);
}

export function valueOperand(references: References, value: AttributeValue): Operand<string> {
  const ref = `:${references.nextValue++}`;
  references.values[ref] = value;
  return { kind: 'value', value: ref };
}

/** The parameter's value. AWS: more parameters than question marks are fine. */
export function parameterValue({ parameters }: References, number: number): AttributeValue {
  const value = parameters[number];
  if (value === undefined) {
    throw invalid("Number of parameters in request and statement don't match.");
  }
  return value;
}

/** The value of a literal or a parameter; undefined for anything else. */
export function constantOf(references: References, node: Expression): AttributeValue | undefined {
  if (node.kind === 'parameter') return parameterValue(references, node.number);
  return isLiteral(node) ? literalValue(node) : undefined;
}

export function isPath({ kind }: Expression): boolean {
  return kind === 'name' || kind === 'path';
}

/** The path with its names as placeholders, whatever characters they have. */
export function pathOf(references: References, node: Expression): Path {
  return plainPath(node).map((step) =>
    typeof step === 'number' ? step : nameRef(references, step),
  );
}

function nameRef(references: References, name: string): string {
  const ref = `#${references.nextName++}`;
  references.names[ref] = name;
  return ref;
}

/** Throws unless the node is a path of names and indexes. */
export function plainPath(node: Expression): Path {
  if (node.kind === 'name') return [node.name];
  if (node.kind !== 'path' || node.root.kind !== 'name') throw unexpectedComponent(node);
  return [node.root.name, ...node.steps.map(plainStep)];
}

export function unexpectedComponent({ at }: Expression): Error {
  return invalid(`Unexpected path component${atPlace(at)}`);
}

const INDEX_MAX = 2_147_483_647;

function plainStep(step: PathStep): string | number {
  if (step.kind === 'member') return step.name;
  if (
    step.kind === 'wildcard' ||
    step.index.kind !== 'number' ||
    !/^-?\d+$/.test(step.index.text)
  ) {
    throw invalid(`Unexpected path component${atPlace(step.at)}`);
  }
  const { text, at } = step.index;
  const index = Number(text);
  if (index < 0 || index > INDEX_MAX) {
    throw invalid(`List index is not within the allowable range; index: [${text}]${atPlace(at)}`);
  }
  return Math.abs(index);
}
