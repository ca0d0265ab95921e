// Parses condition, filter and key condition expressions: one grammar for the three.
import { EXPRESSION_MAX_OPERATORS, IN_MAX_OPERANDS } from '../limits.ts';
import {
  expectEnd,
  expectSymbol,
  isSymbol,
  openCursor,
  peek,
  take,
  takeKeyword,
  takeSymbol,
  unexpected,
  SyntaxProblem,
  type Cursor,
} from './lexer.ts';
import { isCall, parseCall, parsePath, parsePathTail } from './parse-path.ts';
import { isReservedWord } from './reserved-words.ts';
import type { Comparator, Condition, Operand, Parsed, Path } from './syntax.ts';

type RawOperand = Operand<string>;
type RawCondition = Condition<string>;

/** A parenthesis may hold either; which it is shows only later. */
type Term =
  | { readonly is: 'operand'; readonly operand: RawOperand; readonly inParentheses: boolean }
  | { readonly is: 'condition'; readonly condition: RawCondition; readonly inParentheses: boolean };

/** What is noticed on the way; each keeps its first. */
interface Notes {
  redundantParentheses: boolean;
  operators: number;
  depth: number;
}

interface State {
  readonly cursor: Cursor;
  readonly notes: Notes;
}

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const KEYWORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN']);
const FUNCTIONS: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
]);
const REDUNDANT_PARENTHESES = 'The expression has redundant parentheses;';

/** Throws SyntaxProblem. */
export function parseCondition(text: string): Parsed<RawCondition> {
  const cursor = openCursor(text);
  const state: State = { cursor, notes: { redundantParentheses: false, operators: 0, depth: 0 } };
  const tree = asCondition(state, parseOr(state));
  expectEnd(cursor);
  return { tree, problem: findProblem(tree, state.notes) };
}

function parseOr(state: State): Term {
  let left = parseAnd(state);
  while (peekKeyword(state, 'OR')) {
    const condition = asCondition(state, left);
    take(state.cursor);
    const right = asCondition(state, parseAnd(state));
    left = conditionTerm({ kind: 'or', left: condition, right });
  }
  return left;
}

function parseAnd(state: State): Term {
  let left = parseNot(state);
  while (peekKeyword(state, 'AND')) {
    const condition = asCondition(state, left);
    take(state.cursor);
    const right = asCondition(state, parseNot(state));
    left = conditionTerm({ kind: 'and', left: condition, right });
  }
  return left;
}

function parseNot(state: State): Term {
  if (!takeKeyword(state.cursor, 'NOT')) return parseComparison(state);
  return conditionTerm({ kind: 'not', condition: asCondition(state, parseNot(state)) });
}

function parseComparison(state: State): Term {
  const term = parseTerm(state);
  const { cursor, notes } = state;
  const next = peek(cursor);
  if (next.kind === 'symbol' && COMPARATORS.has(next.text)) {
    const left = asOperand(state, term);
    take(cursor);
    notes.operators += 1;
    const right = parseOperand(state);
    return conditionTerm({ kind: 'compare', comparator: next.text as Comparator, left, right });
  }
  if (peekKeyword(state, 'BETWEEN')) {
    const operand = asOperand(state, term);
    take(cursor);
    notes.operators += 1;
    const low = parseOperand(state);
    if (!takeKeyword(cursor, 'AND')) throw unexpected(cursor);
    return conditionTerm({ kind: 'between', operand, low, high: parseOperand(state) });
  }
  if (peekKeyword(state, 'IN')) {
    const operand = asOperand(state, term);
    take(cursor);
    notes.operators += 1;
    return conditionTerm({ kind: 'in', operand, choices: parseChoices(state) });
  }
  return term;
}

function parseChoices(state: State): RawOperand[] {
  expectSymbol(state.cursor, '(');
  const choices = [parseOperand(state)];
  while (takeSymbol(state.cursor, ',')) choices.push(parseOperand(state));
  expectSymbol(state.cursor, ')');
  return choices;
}

function parseOperand(state: State): RawOperand {
  return asOperand(state, parseTerm(state));
}

function parseTerm(state: State): Term {
  const { cursor, notes } = state;
  if (isSymbol(cursor, '(')) return parseParentheses(state);
  if (isCall(cursor) && !isKeyword(peek(cursor).text)) {
    notes.operators += 1;
    const operand = parseCall(cursor, () => parseOperand(state));
    return { is: 'operand', operand, inParentheses: false };
  }
  if (peek(cursor).kind === 'valueRef') {
    const operand: RawOperand = { kind: 'value', value: take(cursor).text };
    return { is: 'operand', operand, inParentheses: false };
  }
  if (peek(cursor).kind === 'name' && isKeyword(peek(cursor).text)) throw unexpected(cursor);
  return pathTerm(parsePath(cursor), false);
}

function parseParentheses(state: State): Term {
  const { cursor, notes } = state;
  expectSymbol(cursor, '(');
  notes.depth += 1;
  // Deeper nesting than operators allow is redundant somewhere; the stack is not for the client to
  // fill.
  if (notes.depth > EXPRESSION_MAX_OPERATORS) throw new SyntaxProblem(REDUNDANT_PARENTHESES);
  const inner = parseOr(state);
  expectSymbol(cursor, ')');
  notes.depth -= 1;
  if (inner.inParentheses) notes.redundantParentheses = true;
  if (inner.is === 'operand' && inner.operand.kind === 'path') {
    const path = parsePathTail(cursor, inner.operand.path);
    return pathTerm(path, path.length === inner.operand.path.length);
  }
  return { ...inner, inParentheses: true };
}

function pathTerm(path: Path, inParentheses: boolean): Term {
  return { is: 'operand', operand: { kind: 'path', path }, inParentheses };
}

function conditionTerm(condition: RawCondition): Term {
  return { is: 'condition', condition, inParentheses: false };
}

/** A call alone is a condition; whether of a right function is checked with the rest. */
function asCondition(state: State, term: Term): RawCondition {
  if (term.is === 'condition') return term.condition;
  if (term.operand.kind === 'call') return term.operand;
  throw unexpected(state.cursor);
}

function asOperand(state: State, term: Term): RawOperand {
  if (term.is === 'operand') return term.operand;
  throw unexpected(state.cursor);
}

function peekKeyword(state: State, keyword: string): boolean {
  const token = peek(state.cursor);
  return token.kind === 'name' && token.text.toUpperCase() === keyword;
}

function isKeyword(text: string): boolean {
  return KEYWORDS.has(text.toUpperCase());
}

/**
 * What is wrong whatever the placeholders stand for. AWS: in this order. dynalite, conditionParser
 */
function findProblem(tree: RawCondition, notes: Notes): string | undefined {
  if (notes.operators > EXPRESSION_MAX_OPERATORS) {
    return `The expression contains too many operators; operator count: ${notes.operators}`;
  }
  if (notes.redundantParentheses) return REDUNDANT_PARENTHESES;
  const found: Findings = {};
  visitCondition(tree, found);
  return (
    found.unknownFunction ?? found.misusedFunction ?? found.reservedWord ?? found.tooManyChoices
  );
}

interface Findings {
  unknownFunction?: string;
  misusedFunction?: string;
  reservedWord?: string | undefined;
  tooManyChoices?: string;
}

function visitCondition(condition: RawCondition, found: Findings): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      visitCondition(condition.left, found);
      visitCondition(condition.right, found);
      break;
    case 'not':
      visitCondition(condition.condition, found);
      break;
    case 'call':
      if (condition.name === 'size') found.misusedFunction ??= misused(condition.name);
      visitCall(condition, found);
      break;
    case 'compare':
      visitOperands([condition.left, condition.right], found);
      break;
    case 'between':
      visitOperands([condition.operand, condition.low, condition.high], found);
      break;
    case 'in':
      if (condition.choices.length > IN_MAX_OPERANDS) {
        found.tooManyChoices ??= `The IN operator is provided with too many operands; number of operands: ${condition.choices.length}`;
      }
      visitOperands([condition.operand, ...condition.choices], found);
      break;
  }
}

/** Operands of anything: of the functions only `size` gives a value. */
function visitOperands(operands: readonly RawOperand[], found: Findings): void {
  for (const operand of operands) {
    if (operand.kind === 'call') {
      visitCall(operand, found);
      if (operand.name !== 'size') found.misusedFunction ??= misused(operand.name);
    } else if (operand.kind === 'path') {
      found.reservedWord ??= findReservedWord(operand.path);
    }
  }
}

function visitCall(
  call: { readonly name: string; readonly args: readonly RawOperand[] },
  found: Findings,
): void {
  visitOperands(call.args, found);
  if (!FUNCTIONS.has(call.name)) {
    found.unknownFunction ??= `Invalid function name; function: ${call.name}`;
  }
}

function misused(name: string): string {
  return `The function is not allowed to be used this way in an expression; function: ${name}`;
}

export function findReservedWord(path: Path): string | undefined {
  for (const step of path) {
    if (typeof step === 'string' && isReservedWord(step)) {
      return `Attribute name is a reserved keyword; reserved keyword: ${step}`;
    }
  }
  return undefined;
}
