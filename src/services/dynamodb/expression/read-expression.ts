// From an expression's text to its bound tree: limits, parsing (remembered), placeholders.
import { invalid } from '../errors.ts';
import { EXPRESSION_MAX_BYTES } from '../limits.ts';
import { bindCondition } from './bind-condition.ts';
import { bindProjection, bindUpdate } from './bind-update.ts';
import { SyntaxProblem } from './lexer.ts';
import { parseCondition } from './parse-condition.ts';
import { parseProjection, parseUpdate } from './parse-update.ts';
import type { Placeholders } from './placeholders.ts';
import type {
  BoundAction,
  BoundCondition,
  Condition,
  Parsed,
  Path,
  UpdateAction,
} from './syntax.ts';

/** The parameter an expression stands in; messages begin with it. */
export type ConditionParameter =
  'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression';

/** Applications send few distinct texts, again and again. */
const REMEMBERED = 1000;

/**
 * Remembers what parsing a text gave: a tree, or what is wrong with it. Texts alone decide that.
 */
interface Parser<T> {
  readonly parse: (text: string) => Parsed<T>;
  readonly remembered: Map<string, Parsed<T | undefined>>;
}

const conditions: Parser<Condition<string>> = { parse: parseCondition, remembered: new Map() };
const updates: Parser<readonly UpdateAction<string>[]> = {
  parse: parseUpdate,
  remembered: new Map(),
};
const projections: Parser<readonly Path[]> = { parse: parseProjection, remembered: new Map() };

export function readCondition(
  parameter: ConditionParameter,
  text: string,
  placeholders: Placeholders,
): BoundCondition {
  const tree = parse(conditions, parameter, text);
  return bindCondition(tree, placeholders, (problem) => fail(parameter, problem));
}

export function readUpdate(text: string, placeholders: Placeholders): readonly BoundAction[] {
  const tree = parse(updates, 'UpdateExpression', text);
  return bindUpdate(tree, placeholders, (problem) => fail('UpdateExpression', problem));
}

export function readProjection(text: string, placeholders: Placeholders): readonly Path[] {
  const tree = parse(projections, 'ProjectionExpression', text);
  return bindProjection(tree, placeholders, (problem) => fail('ProjectionExpression', problem));
}

function parse<T>(parser: Parser<T>, parameter: string, text: string): T {
  let parsed = parser.remembered.get(text);
  if (parsed === undefined) {
    checkText(parameter, text);
    parsed = tryParse(parser, text);
    if (parser.remembered.size >= REMEMBERED) forgetOldest(parser.remembered);
    parser.remembered.set(text, parsed);
  }
  if (parsed.problem !== undefined || parsed.tree === undefined) {
    throw fail(parameter, parsed.problem ?? 'The expression can not be empty;');
  }
  return parsed.tree;
}

function checkText(parameter: string, text: string): void {
  if (text === '') throw fail(parameter, 'The expression can not be empty;');
  const size = Buffer.byteLength(text);
  if (size > EXPRESSION_MAX_BYTES) {
    throw fail(
      parameter,
      `Expression size has exceeded the maximum allowed size; expression size: ${size}`,
    );
  }
}

function tryParse<T>(parser: Parser<T>, text: string): Parsed<T | undefined> {
  try {
    return parser.parse(text);
  } catch (error) {
    // A text that is no expression is remembered too: its error depends on nothing else.
    if (error instanceof SyntaxProblem) return { tree: undefined, problem: error.message };
    throw error;
  }
}

function forgetOldest(remembered: Map<string, unknown>): void {
  for (const text of remembered.keys()) {
    remembered.delete(text);
    return;
  }
}

function fail(parameter: string, problem: string): Error {
  return invalid(`Invalid ${parameter}: ${problem}`);
}
