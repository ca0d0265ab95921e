// Invoke in its three types, and the old InvokeAsync.
import { collectBytes } from '../../../base/collect-bytes.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { withExtraHeaders } from '../../../wire/extra-headers.ts';
import { enqueue } from '../async-invocation.ts';
import { execute } from '../execution.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { ASYNC_PAYLOAD_BYTES_MAX, SYNC_PAYLOAD_BYTES_MAX } from '../limits.ts';
import { bodyBytes } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import { refuseUnsupported } from '../rules.ts';
import { checkPayload, decodeClientContext } from './invocation-input.ts';

export async function invoke(
  input: InputOf<'lambda', 'Invoke'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'Invoke'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  refuseUnsupported({ DurableExecutionName: input.DurableExecutionName, TenantId: input.TenantId });
  const type = input.InvocationType ?? 'RequestResponse';
  const payload = checkPayload(
    bodyBytes(input.Payload),
    type === 'Event' ? ASYNC_PAYLOAD_BYTES_MAX : SYNC_PAYLOAD_BYTES_MAX,
  );
  const resolved = await context.store.read((view) => resolveFunction(view, reference, context.random));
  if (type === 'DryRun') return { StatusCode: 204 };
  if (type === 'Event') {
    const traceId = await enqueue({ reference, payload, requestId: context.requestId }, context);
    return withExtraHeaders({ StatusCode: 202 }, headersOf(traceId));
  }
  const clientContext = decodeClientContext(input.ClientContext);
  const result = await execute(
    resolved,
    {
      requestId: context.requestId,
      payload,
      invokedArn: functionArn(reference.scope, reference.name, reference.qualifier),
      ...(clientContext === undefined ? {} : { clientContext }),
    },
    context,
  );
  const output: OutputOf<'lambda', 'Invoke'> = {
    StatusCode: 200,
    ExecutedVersion: resolved.version.version,
    // The SDK's type is its own byte array subclass; bytes are what travels.
    Payload: result.payload as NonNullable<OutputOf<'lambda', 'Invoke'>['Payload']>,
  };
  if (result.error !== undefined) output.FunctionError = result.error;
  if (input.LogType === 'Tail') output.LogResult = Buffer.from(result.logTail).toString('base64');
  return withExtraHeaders(output, headersOf(result.traceId));
}

/** AWS: both are on every answer, 202 included. <ResponseMetadata of boto3, as printed in public logs> */
function headersOf(traceId: string): Record<string, string> {
  return { 'x-amzn-trace-id': traceId, 'x-amzn-remapped-content-length': '0' };
}

/** Deprecated since 2014, and still there: like an `Event` without a qualifier. */
export async function invokeAsync(
  input: InputOf<'lambda', 'InvokeAsync'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'InvokeAsync'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const bytes = await collectStream(input.InvokeArgs);
  const payload = checkPayload(bytes, ASYNC_PAYLOAD_BYTES_MAX);
  await context.store.read((view) => resolveFunction(view, reference));
  await enqueue({ reference, payload, requestId: context.requestId }, context);
  return { Status: 202 };
}

async function collectStream(body: unknown): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (body instanceof Uint8Array || typeof body === 'string') return bodyBytes(body);
  return collectBytes(body as AsyncIterable<Uint8Array>);
}
