// Filter patterns: the language of FilterLogEvents, metric filters and subscription filters.
// Grammar: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription
// filters, and filter log events", and its pages on unstructured, JSON and space-delimited events.
import { compileFields } from './filter-fields.ts';
import { compileJson } from './filter-json.ts';
import type { MessageFilter } from './filter-syntax.ts';
import { compileTerms } from './filter-terms.ts';

/**
 * Compiles a pattern: terms, `{ JSON expression }` or `[space, delimited, fields]`. The empty
 * pattern matches everything.
 * @throws FilterSyntaxError
 */
export function compileFilterPattern(pattern: string): MessageFilter {
  const text = pattern.trim();
  if (text === '') return () => ({});
  if (text.startsWith('{')) return compileJson(text);
  if (text.startsWith('[')) return compileFields(text);
  return compileTerms(text);
}
