// Parses document paths and function calls, the parts all expressions share.
import {
  expectSymbol,
  isSymbol,
  peek,
  take,
  takeSymbol,
  unexpected,
  type Cursor,
} from './lexer.ts';
import type { Operand, Path } from './syntax.ts';

/** `a.b[3].#c` */
export function parsePath(cursor: Cursor): Path {
  return parsePathTail(cursor, [parseName(cursor)]);
}

/** The rest of a path that has begun. */
export function parsePathTail(cursor: Cursor, head: Path): Path {
  const steps = [...head];
  for (;;) {
    if (takeSymbol(cursor, '.')) {
      steps.push(parseName(cursor));
    } else if (takeSymbol(cursor, '[')) {
      if (peek(cursor).kind !== 'index') throw unexpected(cursor);
      steps.push(Number(take(cursor).text));
      expectSymbol(cursor, ']');
    } else {
      return steps;
    }
  }
}

function parseName(cursor: Cursor): string {
  const token = peek(cursor);
  if (token.kind !== 'name' && token.kind !== 'nameRef') throw unexpected(cursor);
  cursor.at += 1;
  return token.text;
}

/** Whether a function call comes next: a name followed by a parenthesis. */
export function isCall(cursor: Cursor): boolean {
  const next = peek(cursor, 1);
  return peek(cursor).kind === 'name' && next.kind === 'symbol' && next.text === '(';
}

/** `name(operand, …)`; `parseArgument` reads one operand. */
export function parseCall(
  cursor: Cursor,
  parseArgument: (cursor: Cursor) => Operand<string>,
): Extract<Operand<string>, { kind: 'call' }> {
  const name = take(cursor).text;
  expectSymbol(cursor, '(');
  const args = [parseArgument(cursor)];
  while (!isSymbol(cursor, ')')) {
    expectSymbol(cursor, ',');
    args.push(parseArgument(cursor));
  }
  expectSymbol(cursor, ')');
  return { kind: 'call', name, args };
}
