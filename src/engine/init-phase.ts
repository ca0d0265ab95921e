// The init phase: from the start of a runtime to its first request for work, or to its failure.
import { performance } from 'node:perf_hooks';
import type { ExtensionFailure } from './runtime-api/extensions-api.ts';
import {
  extensionFailed,
  invalidEntrypoint,
  InvalidEntrypoint,
  type PlatformFailure,
  runtimeExited,
} from './failures.ts';
import type { Guest } from './runtimes/guest.ts';
import { NO_EVENTS } from './runtime-api/runtime-api.ts';

export type InitOutcome =
  | { readonly kind: 'ready'; readonly durationMs: number }
  | InitFailure;

export interface InitFailure {
  readonly kind: 'failed';
  readonly durationMs: number;
  readonly status: 'error' | 'timeout';
  readonly errorType?: string;
  /** What the runtime itself said, when it did. */
  readonly document?: Buffer;
  readonly failure: (requestId: string) => PlatformFailure;
}

/** A runtime that reported a failed init gets this long to leave by itself. */
const LEAVE_LIMIT_MS = 500;

/**
 * @param startRuntime may throw InvalidEntrypoint, which is the function's own failure.
 * @param adopt is given the process as soon as there is one.
 */
export async function runInitPhase(
  limitMs: number,
  startRuntime: () => Promise<Guest>,
  adopt: (guest: Guest) => void,
): Promise<InitOutcome> {
  const startedAt = performance.now();
  const durationMs = (): number => performance.now() - startedAt;
  try {
    const guest = await startRuntime();
    adopt(guest);
    return await waitForInit(guest, limitMs, durationMs);
  } catch (error) {
    if (!(error instanceof InvalidEntrypoint)) throw error;
    return {
      kind: 'failed',
      durationMs: durationMs(),
      status: 'error',
      errorType: 'Runtime.InvalidEntrypoint',
      failure: (requestId) => invalidEntrypoint(requestId, error.message),
    };
  }
}

function waitForInit(
  guest: Guest,
  limitMs: number,
  durationMs: () => number,
): Promise<InitOutcome> {
  return new Promise((resolve) => {
    let reported: { document: Buffer; errorType: string } | undefined;
    let extension: ExtensionFailure | undefined;
    let lateAfterMs: number | undefined;
    const limit = setTimeout(() => {
      lateAfterMs = durationMs();
      // Read while there is still a process to ask.
      guest.memory.peakMb();
      guest.kill();
    }, limitMs);
    guest.api.events = {
      ...NO_EVENTS,
      ready() {
        clearTimeout(limit);
        guest.api.events = NO_EVENTS;
        resolve({ kind: 'ready', durationMs: durationMs() });
      },
      initFailed(document, errorType) {
        reported = { document, errorType };
        setTimeout(() => guest.kill(), LEAVE_LIMIT_MS).unref();
      },
      extensionFailed(failure) {
        // What it says of itself comes before how it ends.
        extension ??= failure;
        guest.shutDown('failure');
      },
    };
    const settleAtExit = async (): Promise<void> => {
      const end = await guest.ended;
      clearTimeout(limit);
      const failure = (requestId: string): PlatformFailure =>
        extension === undefined
          ? runtimeExited(requestId, end)
          : extensionFailed(requestId, extension.errorType, extension.message);
      const errorType = reported?.errorType ?? failure('').errorType ?? 'Runtime.ExitError';
      resolve({
        kind: 'failed',
        durationMs: lateAfterMs ?? durationMs(),
        failure,
        ...(lateAfterMs !== undefined ? { status: 'timeout' } : { status: 'error', errorType }),
        ...(reported === undefined ? {} : { document: reported.document }),
      });
    };
    void settleAtExit();
  });
}

/** In one line: what the runtime said of it, or what became of the runtime. */
export function describeFailure({ status, durationMs, document, failure }: InitFailure): string {
  if (status === 'timeout') return `the init phase took more than ${Math.floor(durationMs / 1000)} seconds`;
  try {
    const text = Buffer.from(document ?? failure('').document).toString();
    const { errorType, errorMessage } = JSON.parse(text) as Record<string, unknown>;
    const message = String(errorMessage).replace(/^RequestId: {2}Error: /, '');
    return `${String(errorType)}: ${message}`;
  } catch {
    return 'the init phase failed';
  }
}
