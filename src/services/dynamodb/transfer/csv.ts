// Comma-separated values, with any of the delimiters DynamoDB knows. Source: RFC 4180.

/** Thrown for quotes that stand where none may. */
export class CsvSyntaxError extends Error {}

/** Whether a record ends within these lines: its quotes are balanced. */
export function endsRecord(text: string): boolean {
  let quotes = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 0;
}

/** The fields of one record. Throws unless quotes enclose whole fields and are doubled inside. */
export function readRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    const { field, end } = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at, delimiter);
    fields.push(field);
    if (end >= text.length) return fields;
    if (text[end] !== delimiter) throw new CsvSyntaxError(`text follows a quoted field at ${end}`);
    at = end + 1;
  }
}

interface Field {
  readonly field: string;
  /** Where its delimiter is, or the end. */
  readonly end: number;
}

function readPlain(text: string, from: number, delimiter: string): Field {
  const found = text.indexOf(delimiter, from);
  const end = found === -1 ? text.length : found;
  const field = text.slice(from, end);
  // AWS: quotes that are not escaped fail the import. <developer guide, "S3DataImport.Format">
  if (field.includes('"')) throw new CsvSyntaxError(`a quote is not escaped at ${from}`);
  return { field, end };
}

function readQuoted(text: string, from: number): Field {
  let field = '';
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) throw new CsvSyntaxError(`a quoted field does not end at ${from}`);
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { field, end: quote + 1 };
    field += '"';
    at = quote + 2;
  }
}
