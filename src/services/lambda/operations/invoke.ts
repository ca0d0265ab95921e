// Invoke in its three types, and the old InvokeAsync.
import { collectBytes } from '../../../base/collect-bytes.ts';
import { bodyBytes } from '../payload.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { enqueue } from '../async-invocation.ts';
import { execute } from '../execution.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { ASYNC_PAYLOAD_BYTES_MAX, SYNC_PAYLOAD_BYTES_MAX } from '../limits.ts';
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
  const invokedArn = functionArn(reference.scope, reference.name, reference.qualifier);
  const traceId = context.http?.headers['x-amzn-trace-id'];
  if (type === 'Event') {
    await enqueue({ reference, payload, requestId: context.requestId, traceId }, context);
    return { StatusCode: 202 };
  }
  const clientContext = decodeClientContext(input.ClientContext);
  const result = await execute(
    resolved,
    {
      requestId: context.requestId,
      payload,
      invokedArn,
      ...(clientContext === undefined ? {} : { clientContext }),
      ...(traceId === undefined ? {} : { traceId }),
    },
    context,
  );
  return {
    StatusCode: 200,
    ExecutedVersion: resolved.version.version,
    // The SDK's type is its own byte array subclass; bytes are what travels.
    Payload: result.payload as NonNullable<OutputOf<'lambda', 'Invoke'>['Payload']>,
    ...(result.error === undefined ? {} : { FunctionError: result.error }),
    ...(input.LogType === 'Tail'
      ? { LogResult: Buffer.from(result.logTail).toString('base64') }
      : {}),
  };
}

export async function invokeAsync(
  input: InputOf<'lambda', 'InvokeAsync'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'InvokeAsync'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const bytes = await collectStream(input.InvokeArgs);
  const payload = checkPayload(bytes, ASYNC_PAYLOAD_BYTES_MAX);
  await context.store.read((view) => resolveFunction(view, reference));
  await enqueue({ reference, payload, requestId: context.requestId, traceId: undefined }, context);
  return { Status: 202 };
}

async function collectStream(body: unknown): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (body instanceof Uint8Array || typeof body === 'string') return bodyBytes(body);
  return collectBytes(body as AsyncIterable<Uint8Array>);
}
