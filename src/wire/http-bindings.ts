// Which members of a shape travel in labels, query, headers, status or body (REST protocols).
import { quoteHeader, splitEvery, splitHeader } from '@smithy/core/serde';
import type { FormFields } from './form-reader.ts';
import { mismatch } from './json-writer.ts';
import { kindOf, membersOf, timestampFormatOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { readText, writeText } from './text-value.ts';
import type { TextStyle } from './text-value.ts';

export interface Bindings {
  readonly labels: readonly Member[];
  /** By query parameter. */
  readonly query: ReadonlyMap<string, Member>;
  /** Takes every query parameter, those that other members name too. */
  readonly queryParams: Member | undefined;
  /** By lower-case header name. */
  readonly headers: ReadonlyMap<string, Member>;
  readonly prefixHeaders: Member | undefined;
  readonly payload: Member | undefined;
  readonly statusCode: Member | undefined;
  /** Members of a request's structured body. */
  readonly body: readonly Member[];
  /** Members of a response's: labels and query parameters mean nothing there. */
  readonly responseBody: readonly Member[];
}

const HEADER: TextStyle = { timestamps: 'http-date', encodesMediaTypes: true };
const QUERY: TextStyle = { timestamps: 'date-time' };

const known = new WeakMap<Schema, Bindings>();

export function bindingsOf(schema: Schema): Bindings {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const members = membersOf(schema);
  const labels: Member[] = [];
  const query = new Map<string, Member>();
  const headers = new Map<string, Member>();
  const body: Member[] = [];
  for (const member of members) {
    const { traits } = member;
    if (traits.httpLabel !== undefined) labels.push(member);
    else if (traits.httpQuery !== undefined) query.set(traits.httpQuery, member);
    else if (traits.httpHeader !== undefined) headers.set(traits.httpHeader.toLowerCase(), member);
    else if (!isSpecial(member)) body.push(member);
  }
  const bindings: Bindings = {
    labels,
    query,
    headers,
    body,
    responseBody: members.filter(
      (member) => member.traits.httpHeader === undefined && !isSpecial(member),
    ),
    queryParams: members.find(({ traits }) => traits.httpQueryParams !== undefined),
    prefixHeaders: members.find(({ traits }) => traits.httpPrefixHeaders !== undefined),
    payload: members.find(({ traits }) => traits.httpPayload !== undefined),
    statusCode: members.find(({ traits }) => traits.httpResponseCode !== undefined),
  };
  known.set(schema, bindings);
  return bindings;
}

export interface BoundRequest {
  readonly labels: Readonly<Record<string, string>>;
  readonly query: FormFields;
  readonly headers: Readonly<Record<string, string>>;
}

/** The members outside the body. Throws MalformedText. */
export function readBindings(bindings: Bindings, request: BoundRequest): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const { name, schema } of bindings.labels) {
    const text = request.labels[name];
    if (text !== undefined) out[name] = readText(schema, text, QUERY);
  }
  readQuery(bindings, request.query, out);
  for (const [header, { name, schema }] of bindings.headers) {
    const text = request.headers[header];
    const value = text === undefined ? undefined : readHeader(schema, text);
    if (value !== undefined) out[name] = value;
  }
  const prefixed = bindings.prefixHeaders;
  if (prefixed !== undefined) {
    const prefix = prefixed.traits.httpPrefixHeaders?.toLowerCase() ?? '';
    const found = Object.entries(request.headers).filter(([name]) => name.startsWith(prefix));
    if (found.length > 0) {
      out[prefixed.name] = Object.fromEntries(
        found.map(([name, text]) => [name.slice(prefix.length), text]),
      );
    }
  }
  return out;
}

/** The headers that carry members of an output or error. */
export function writeHeaders(
  bindings: Bindings,
  source: Record<string, unknown>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const prefixed = bindings.prefixHeaders;
  const map = prefixed === undefined ? undefined : source[prefixed.name];
  if (prefixed !== undefined && typeof map === 'object' && map !== null) {
    for (const [name, text] of Object.entries(map)) {
      headers[`${prefixed.traits.httpPrefixHeaders ?? ''}${name}`.toLowerCase()] = String(text);
    }
  }
  for (const [header, { name, schema }] of bindings.headers) {
    const value = source[name];
    if (value === null || value === undefined) continue;
    const text = writeHeader(schema, value);
    if (text !== undefined) headers[header] = text;
  }
  return headers;
}

function isSpecial({ traits }: Member): boolean {
  return (
    traits.httpQueryParams !== undefined ||
    traits.httpPrefixHeaders !== undefined ||
    traits.httpPayload !== undefined ||
    traits.httpResponseCode !== undefined
  );
}

function readQuery(bindings: Bindings, fields: FormFields, out: Record<string, unknown>): void {
  const all = new Map<string, string[]>();
  for (const [key, text] of fields) {
    const member = bindings.query.get(key);
    if (bindings.queryParams !== undefined) all.set(key, [...(all.get(key) ?? []), text]);
    if (member === undefined) continue;
    if (member.schema.isListSchema()) {
      const list = (out[member.name] ??= []) as unknown[];
      list.push(readText(member.schema.getValueSchema(), text, QUERY));
    } else if (text !== '' || kindOf(member.schema) === 'string') {
      // The first of repeated parameters counts; an empty one is no number, date or boolean at all.
      out[member.name] ??= readText(member.schema, text, QUERY);
    }
  }
  const params = bindings.queryParams;
  if (params === undefined || all.size === 0) return;
  const lists = params.schema.getValueSchema().isListSchema();
  out[params.name] = Object.fromEntries(
    [...all].map(([key, texts]) => [key, lists ? texts : texts[0]]),
  );
}

function readHeader(schema: Schema, text: string): unknown {
  if (!schema.isListSchema()) {
    if (text === '' && kindOf(schema) !== 'string') return undefined;
    return readText(schema, text, HEADER);
  }
  if (text.trim() === '') return [];
  const item = schema.getValueSchema();
  // An HTTP date holds one comma of its own.
  const dates =
    kindOf(item) === 'timestamp' && (timestampFormatOf(item) ?? 'http-date') === 'http-date';
  const parts = dates ? splitEvery(text, ',', 2) : splitHeader(text);
  return parts.map((part) => readText(item, part.trim(), HEADER));
}

function writeHeader(schema: Schema, value: unknown): string | undefined {
  if (!schema.isListSchema()) return writeText(schema, value, HEADER);
  if (!Array.isArray(value)) throw mismatch(schema, 'an array', value);
  const item = schema.getValueSchema();
  const quotes = kindOf(item) === 'string';
  const texts = value
    .filter((entry) => entry !== null && entry !== undefined)
    .map((entry) => writeText(item, entry, HEADER))
    .map((text) => (quotes ? quoteHeader(text) : text));
  return texts.length === 0 ? undefined : texts.join(', ');
}
