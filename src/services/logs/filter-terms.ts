// Patterns of terms for unstructured events: `ERROR -ARGUMENTS`, `?ERROR ?WARN`, `"a phrase"`,
// `%regex%`.
import type { MessageFilter } from './filter-syntax.ts';
import { createScanner, readQuoted, regexTest } from './filter-syntax.ts';

type TextTest = (message: string) => boolean;

/**
 * Terms match anywhere in the message, case counts. All plain terms must be there and no `-` term;
 * of `?` terms one must.
 */
export function compileTerms(pattern: string): MessageFilter {
  const included: TextTest[] = [];
  const excluded: TextTest[] = [];
  const optional: TextTest[] = [];
  const scanner = createScanner(pattern);
  while (!scanner.atEnd) {
    const mark = scanner.match(/[-?]/);
    const target = mark === '-' ? excluded : mark === '?' ? optional : included;
    target.push(readTerm(scanner));
  }
  // AWS: `?` terms are ignored beside terms to include or exclude.
  // Source: "Match terms in unstructured log events", note on the question mark.
  const isMixed = included.length + excluded.length > 0;
  return (message) => {
    const passes = isMixed
      ? included.every((test) => test(message)) && !excluded.some((test) => test(message))
      : optional.some((test) => test(message));
    return passes ? {} : undefined;
  };
}

function readTerm(scanner: ReturnType<typeof createScanner>): TextTest {
  const phrase = readQuoted(scanner);
  if (phrase !== undefined) return (message) => message.includes(phrase);
  const regex = scanner.match(/%[^%]*%/);
  if (regex !== undefined) return regexTest(regex);
  // AWS: a term with other than word characters must stand in quotes.
  const term = scanner.match(/[\p{L}\p{N}_.:/#@=;,*<>+-]+/u);
  if (term === undefined) return scanner.fail();
  return (message) => message.includes(term);
}
