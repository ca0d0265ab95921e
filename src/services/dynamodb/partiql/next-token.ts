// NextToken of a SELECT: where it goes on, and for which statement.
import { createHash } from 'node:crypto';
import type { AttributeValue, Item } from '../attribute-value.ts';
import { setAttribute } from '../attribute-value.ts';
import { invalid } from '../errors.ts';

export interface ReadPosition {
  /** Which of the plan's steps. */
  readonly step: number;
  /** The row to go on after; undefined at the start of the step. */
  readonly after: Item | undefined;
}

interface TokenContent {
  readonly digest: string;
  readonly step: number;
  readonly after?: Readonly<Record<string, readonly [string, string]>>;
}

/** What a token is good for: the same statement with the same parameters on the same rows. */
export function digestRequest(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

export function formatToken(digest: string, { step, after }: ReadPosition): string {
  const content: TokenContent = {
    digest,
    step,
    ...(after === undefined ? {} : { after: packKey(after) }),
  };
  return Buffer.from(JSON.stringify(content)).toString('base64');
}

export function parseToken(token: string, digest: string): ReadPosition {
  const content = decode(token);
  if (content === undefined) throw invalid('Invalid NextToken');
  if (content.digest !== digest) throw invalid('NextToken does not match request');
  return { step: content.step, after: content.after && unpackKey(content.after) };
}

function decode(token: string): TokenContent | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(token, 'base64').toString());
  } catch {
    return undefined;
  }
  return isContent(content) ? content : undefined;
}

function isContent(value: unknown): value is TokenContent {
  if (typeof value !== 'object' || value === null) return false;
  const { digest, step, after } = value as Partial<TokenContent>;
  if (typeof digest !== 'string' || !Number.isSafeInteger(step) || Number(step) < 0) return false;
  if (after === undefined) return true;
  if (typeof after !== 'object' || after === null) return false;
  return Object.values(after).every(
    (entry) =>
      Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string'),
  );
}

function packKey(key: Item): Record<string, [string, string]> {
  return Object.fromEntries(
    Object.entries(key).map(([name, value]) => {
      if ('S' in value) return [name, ['S', value.S]];
      if ('N' in value) return [name, ['N', value.N]];
      return [name, ['B', 'B' in value ? Buffer.from(value.B).toString('base64') : '']];
    }),
  );
}

function unpackKey(packed: NonNullable<TokenContent['after']>): Item {
  const key: Record<string, AttributeValue> = {};
  for (const [name, [type, text]] of Object.entries(packed))
    setAttribute(key, name, unpack(type, text));
  return key;
}

function unpack(type: string, text: string): AttributeValue {
  if (type === 'S') return { S: text };
  return type === 'N' ? { N: text } : { B: Buffer.from(text, 'base64') };
}
