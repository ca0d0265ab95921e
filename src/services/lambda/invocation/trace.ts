// Trace headers: made for every invocation, and the lineage in them by which loops are found.
import { createHash } from 'node:crypto';
import type { Random } from '../../../base/random.ts';

/**
 * AWS: "if your function is invoked approximately 16 times in the same chain of requests, then Lambda
 * automatically stops the next function invocation". <developer guide, "Recursive loop detection">
 */
export const LOOP_INVOCATIONS_MAX = 16;

/** Functions that a lineage tells of; more would not fit into a header. */
const LINEAGE_FUNCTIONS_MAX = 32;

export interface TracedInvocation {
  /** `Root=1-…;Parent=…;Sampled=0;Lineage=1:0123abcd:0`, for the function's `_X_AMZN_TRACE_ID`. */
  readonly header: string;
  /** How often this function ran in the chain of requests before. */
  readonly earlierRuns: number;
}

export interface TraceParts {
  /** The header that came with the request, if one did. */
  readonly given: string | undefined;
  /** `lineageHash` of the function. */
  readonly hash: string;
  readonly nowMs: number;
  readonly random: Random;
}

/** Eight hex digits that stand for a function in lineages. */
export function lineageHash(functionArn: string): string {
  return createHash('sha256').update(functionArn).digest('hex').slice(0, 8);
}

/** A trace that no function is a part of yet: of an event that is accepted now and run later. */
export function beginTrace(nowMs: number, random: Random): string {
  const bytes = random.bytes(20);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return `Root=1-${hexSeconds(nowMs)}-${hex.slice(0, 24)};Parent=${hex.slice(24)};Sampled=0`;
}

/** Goes on with the caller's trace, or begins one. */
export function traceInvocation({ given, hash, nowMs, random }: TraceParts): TracedInvocation {
  const fields = given === undefined ? undefined : readFields(given);
  const root = fields?.root;
  if (root === undefined) {
    return { header: `${beginTrace(nowMs, random)};Lineage=1:${hash}:0`, earlierRuns: 0 };
  }
  const { lineage, earlierRuns } = continueLineage(fields?.lineage, hash);
  const parent = fields?.parent ?? Buffer.from(random.bytes(8)).toString('hex');
  const sampled = fields?.sampled === '1' ? '1' : '0';
  return {
    header: `Root=${root};Parent=${parent};Sampled=${sampled};Lineage=${lineage}`,
    earlierRuns,
  };
}

interface Fields {
  root?: string;
  parent?: string;
  sampled?: string;
  lineage?: string;
}

const ROOT = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;
const PARENT = /^[0-9a-f]{16}$/i;

/** Only what looks as it should; the rest is as if it were not there. */
function readFields(header: string): Fields {
  const fields: Fields = {};
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    const value = part.slice(at + 1).trim();
    switch (part.slice(0, at).trim().toLowerCase()) {
      case 'root':
        if (ROOT.test(value)) fields.root = value;
        break;
      case 'parent':
        if (PARENT.test(value)) fields.parent = value;
        break;
      case 'sampled':
        fields.sampled = value;
        break;
      case 'lineage':
        fields.lineage = value;
        break;
      default:
    }
  }
  return fields;
}

/**
 * `REQUESTS:HASH:LOOPS|HASH:LOOPS`: how many invocations there were, and how often each function came
 * round again. <X-Ray developer guide, "Tracing header": "Lineage=25:a87bd80c:1|68fd508a:5|c512fbe3:2">
 */
function continueLineage(
  given: string | undefined,
  hash: string,
): { readonly lineage: string; readonly earlierRuns: number } {
  const loops = new Map<string, number>();
  const colon = given?.indexOf(':') ?? -1;
  const requests = colon === -1 ? 0 : Number(given?.slice(0, colon));
  for (const entry of colon === -1 ? [] : (given ?? '').slice(colon + 1).split('|')) {
    const [name = '', count] = entry.split(':');
    if (/^[0-9a-f]{8}$/.test(name) && /^\d{1,5}$/.test(count ?? '')) loops.set(name, Number(count));
  }
  const before = loops.get(hash);
  // The last of the chain stands last, so that the oldest is forgotten first.
  loops.delete(hash);
  loops.set(hash, before === undefined ? 0 : before + 1);
  const entries = [...loops].slice(-LINEAGE_FUNCTIONS_MAX).map(([name, count]) => `${name}:${count}`);
  const total = Number.isInteger(requests) && requests >= 0 ? Math.min(requests, 99_999) + 1 : 1;
  return {
    lineage: `${total}:${entries.join('|')}`,
    earlierRuns: before === undefined ? 0 : before + 1,
  };
}

function hexSeconds(epochMs: number): string {
  return Math.floor(epochMs / 1_000).toString(16).padStart(8, '0');
}
