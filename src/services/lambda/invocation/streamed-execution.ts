// An invocation whose response is read while it is written; it runs on when its reader leaves.
import type { WorkContext } from '../../../kernel/context.ts';
import { type Execution, type ExecutionResult, execute } from '../execution.ts';
import type { ResolvedFunction } from '../resolve.ts';
import { type ResponsePipe, createResponsePipe } from './response-pipe.ts';

export interface StreamedExecution {
  /** The content type of a response that streams; undefined for one that came in one piece. */
  readonly contentType: string | undefined;
  readonly chunks: ResponsePipe['chunks'];
  readonly result: Promise<ExecutionResult>;
}

/**
 * Resolves when the response begins, or when the function has ended without one. Throws as `execute`
 * does when it could not be run.
 */
export async function executeStreamed(
  resolved: ResolvedFunction,
  execution: Execution,
  { context, readerLeft }: { readonly context: WorkContext; readonly readerLeft: AbortSignal | undefined },
): Promise<StreamedExecution> {
  const pipe = createResponsePipe();
  const { traceId = context.traceId } = execution;
  const streamed = { ...execution, stream: pipe.sink, ...(traceId === undefined ? {} : { traceId }) };
  const result = new Promise<ExecutionResult>((resolve, reject) => {
    // Work of its own: the request's ends when the head of the response is made.
    context.spawn('lambda/stream', resolved.scope, async (work) => {
      try {
        resolve(await execute(resolved, streamed, work));
      } catch (error) {
        reject(error);
      } finally {
        pipe.end();
      }
    });
  });
  // Its failure is told by `started`, or to who reads to the end; who left need not hear of it.
  result.catch(() => {});
  if (readerLeft?.aborted === true) pipe.close();
  readerLeft?.addEventListener('abort', () => pipe.close(), { once: true });
  const contentType = await pipe.started;
  if (contentType === undefined && readerLeft?.aborted !== true) await result;
  return { contentType, chunks: pipe.chunks, result };
}
