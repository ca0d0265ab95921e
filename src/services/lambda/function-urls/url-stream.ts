// Streamed answers of function URLs: the prelude with status and headers, then the body as it comes.
// <developer guide, "Response streaming for Lambda functions"; runtime API, streaming responses>
import { BodyCut, type HttpResponse } from '../../../wire/http.ts';
import { jsonOf } from '../payload.ts';
import type { StreamedExecution } from '../invocation/streamed-execution.ts';

/** Content type of a stream that begins with a prelude. */
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
/** What ends a prelude. JSON cannot hold it. */
const PRELUDE_END = Buffer.alloc(8);
/** Far above any head that a client takes. */
const PRELUDE_BYTES_MAX = 1_048_576;

/** The response of a function in RESPONSE_STREAM mode; undefined when it means none (AWS: 502). */
export async function readStreamedAnswer(execution: StreamedExecution): Promise<HttpResponse | undefined> {
  const { contentType, result } = execution;
  if (contentType === undefined) {
    const { payload, error } = await result;
    if (error !== undefined) return undefined;
    // AWS: in this mode an answer in one piece is the body, whatever it looks like.
    return { status: 200, headers: { 'content-type': 'application/json' }, body: payload };
  }
  if (contentType !== PRELUDE_TYPE) {
    // A handler that fails before it writes opens its stream, too.
    const first = await execution.chunks.next();
    if (first.done === true && (await result).error !== undefined) return undefined;
    return { status: 200, headers: { 'content-type': contentType }, body: bodyOf(execution, first.value) };
  }
  const begun = await readPrelude(execution);
  if (begun === undefined) return undefined;
  const head = headOf(begun.prelude);
  return head === undefined ? undefined : { ...head, body: bodyOf(execution, begun.rest) };
}

/** A whole response that begins with a prelude, as a streaming function gives in BUFFERED mode. */
export function splitPrelude(payload: Uint8Array): HttpResponse | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const end = bytes.indexOf(PRELUDE_END);
  if (end === -1) return undefined;
  const head = headOf(bytes.subarray(0, end));
  return head === undefined ? undefined : { ...head, body: bytes.subarray(end + PRELUDE_END.length) };
}

async function readPrelude(
  { chunks }: StreamedExecution,
): Promise<{ readonly prelude: Uint8Array; readonly rest: Uint8Array } | undefined> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const step = await chunks.next();
    if (step.done === true) return undefined;
    const from = Math.max(0, bytes.length - PRELUDE_END.length);
    bytes = Buffer.concat([bytes, step.value]);
    const end = bytes.indexOf(PRELUDE_END, from);
    if (end !== -1) {
      return { prelude: bytes.subarray(0, end), rest: bytes.subarray(end + PRELUDE_END.length) };
    }
    if (bytes.length > PRELUDE_BYTES_MAX) {
      await chunks.return?.();
      return undefined;
    }
  }
}

function headOf(prelude: Uint8Array): Pick<HttpResponse, 'status' | 'headers'> | undefined {
  const parsed = jsonOf(prelude);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { statusCode = 200, headers = {}, cookies } = parsed as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (typeof headers !== 'object') return undefined;
  // AWS: without a type of its own the body is plain bytes.
  const sent: Record<string, string | readonly string[]> = { 'content-type': 'application/octet-stream' };
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!OF_THE_TRANSPORT.has(name.toLowerCase())) sent[name.toLowerCase()] = String(value);
  }
  if (Array.isArray(cookies)) sent['set-cookie'] = cookies.map(String);
  return { status, headers: sent };
}

const OF_THE_TRANSPORT: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);

/** Ends early, so that the client notices, when the function fails on the way. */
async function* bodyOf(
  { chunks, result }: StreamedExecution,
  first: Uint8Array | undefined,
): AsyncGenerator<Uint8Array> {
  if (first !== undefined && first.length > 0) yield first;
  for await (const chunk of chunks) yield chunk;
  const { error } = await result.catch((cause: unknown) => {
    throw new BodyCut('the function could not be run to its end', { cause });
  });
  if (error !== undefined) throw new BodyCut('the function failed in the middle of its response');
}
