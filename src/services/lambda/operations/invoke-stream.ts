// InvokeWithResponseStream: the response as an event stream, while the function writes it.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { SYNC_PAYLOAD_BYTES_MAX } from '../limits.ts';
import { bodyBytes } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import { refuseUnsupported } from '../rules.ts';
import { type StreamedExecution, executeStreamed } from '../invocation/streamed-execution.ts';
import { checkPayload, decodeClientContext } from './invocation-input.ts';

type StreamOutput = OutputOf<'lambda', 'InvokeWithResponseStream'>;
type StreamEvent = NonNullable<StreamOutput['EventStream']> extends AsyncIterable<infer E> ? E : never;

export async function invokeWithResponseStream(
  input: InputOf<'lambda', 'InvokeWithResponseStream'>,
  context: RequestContext,
): Promise<StreamOutput> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  refuseUnsupported({ TenantId: input.TenantId });
  const payload = checkPayload(bodyBytes(input.Payload), SYNC_PAYLOAD_BYTES_MAX);
  const resolved = await context.store.read((view) => resolveFunction(view, reference, context.random));
  if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
  const clientContext = decodeClientContext(input.ClientContext);
  const execution = await executeStreamed(
    resolved,
    {
      requestId: context.requestId,
      payload,
      invokedArn: functionArn(reference.scope, reference.name, reference.qualifier),
      ...(clientContext === undefined ? {} : { clientContext }),
    },
    { context, readerLeft: context.http?.signal },
  );
  return {
    StatusCode: 200,
    ExecutedVersion: resolved.version.version,
    EventStream: eventsOf(execution, input.LogType === 'Tail'),
  };
}

/** The chunks as they come, then how it ended. */
async function* eventsOf(
  { chunks, result }: StreamedExecution,
  withLog: boolean,
): AsyncGenerator<StreamEvent> {
  for await (const chunk of chunks) yield chunkOf(chunk);
  const { payload, error, streamed, logTail } = await result;
  // A function that answers in one piece.
  if (streamed !== true && error === undefined && payload.length > 0) yield chunkOf(payload);
  yield {
    InvokeComplete: {
      ...(error === undefined
        ? {}
        : { ErrorCode: error, ErrorDetails: Buffer.from(payload).toString('utf8') }),
      ...(withLog ? { LogResult: Buffer.from(logTail).toString('base64') } : {}),
    },
  };
}

function chunkOf(bytes: Uint8Array): StreamEvent {
  return { PayloadChunk: { Payload: bytes } };
}
