// Makes the contexts that handlers and workers are given, and runs background work in them.
import type { Activity, ActivityToken } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
import { ServiceError, present } from '../base/errors.ts';
import { type Random, randomUuid } from '../base/random.ts';
import type { Blobs, Store } from '../base/store.ts';
import type { Call, CallOptions, Principal, Scope } from './call.ts';
import type { LocalSlot, Ports, RequestContext, Timers, WorkContext } from './context.ts';
import type { ContextRequest } from './pipeline.ts';

export interface ContextParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly activity: Activity;
  readonly timers: Timers;
  readonly trustsUnknownKeys: boolean;
  readonly ports: () => Ports;
  readonly endpoint: () => string;
  /** Runs the shared stages of the pipeline. */
  readonly perform: (context: RequestContext, input: unknown) => Promise<unknown>;
  readonly onDefect: (error: unknown, where: string) => void;
}

export interface Contexts {
  forWork(scope: Scope, principal: Principal, token: ActivityToken): WorkContext;
  forRequest(request: ContextRequest): RequestContext;
  /** Aborts every context's signal and waits for background work. */
  stop(): Promise<void>;
}

export function createContexts(parts: ContextParts): Contexts {
  const { store, blobs, clock, random, activity, timers, trustsUnknownKeys } = parts;
  const stopping = new AbortController();
  const background = new Set<Promise<void>>();
  const locals = new Map<LocalSlot<unknown>, unknown>();

  function local<T>(slot: LocalSlot<T>): T {
    if (!locals.has(slot)) locals.set(slot, slot.make());
    return locals.get(slot) as T;
  }

  function spawn(name: string, scope: Scope, body: (context: WorkContext) => Promise<void>): void {
    const work = activity
      .run((token) => body(forWork(scope, servicePrincipal(scope, name), token)))
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) parts.onDefect(error, `background work ${name}`);
      })
      .finally(() => background.delete(work));
    background.add(work);
  }

  /** The in-process client of a context: its calls share the context's activity token. */
  async function callFrom(from: WorkContext, request: InProcessCall): Promise<unknown> {
    const { service, operation, input, options = {} } = request;
    const context = forRequest({
      service,
      operation,
      requestId: randomUuid(random),
      account: options.account ?? from.account,
      region: options.region ?? from.region,
      principal: options.as ?? from.principal,
      activity: from.activity,
    });
    const called = options.signal === undefined ? context : { ...context, signal: options.signal };
    return parts.perform(called, input);
  }

  function forWork(scope: Scope, principal: Principal, token: ActivityToken): WorkContext {
    return forRequest({
      account: scope.account,
      region: scope.region,
      principal,
      activity: token,
      service: '',
      operation: '',
      requestId: '',
    });
  }

  // One literal for all: every request makes one, and objects of one shape are cheap to read.
  function forRequest(request: ContextRequest): RequestContext {
    const { http } = request;
    const context: RequestContext = {
      account: request.account,
      region: request.region,
      principal: request.principal,
      activity: request.activity,
      service: request.service,
      operation: request.operation,
      requestId: request.requestId,
      nowMs: clock.now(),
      clock,
      random,
      store,
      blobs,
      timers,
      ports: parts.ports(),
      endpoint: parts.endpoint(),
      trustsUnknownKeys,
      spawn,
      local,
      // Made only for who waits: an abort signal costs more than a small request.
      get signal() {
        return http?.signal ?? stopping.signal;
      },
      // The registry is untyped by nature; ServiceOperations types it for the caller.
      call: ((service: string, operation: string, input: unknown, options?: CallOptions) =>
        callFrom(context, { service, operation, input, options })) as Call,
      http,
    };
    return context;
  }

  return {
    forWork,
    forRequest,
    async stop() {
      stopping.abort(new ServiceError('ServiceUnavailable', 'The cloud is stopping.', { status: 503 }));
      await Promise.all(background);
    },
  };
}

interface InProcessCall {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly options: CallOptions | undefined;
}

/** `lambda/async` works as `lambda.amazonaws.com`. */
export function servicePrincipal(scope: Scope, worker: string): Principal {
  const service = present(worker.split('/')[0], 'service of a worker');
  return { kind: 'service', account: scope.account, service: `${service}.amazonaws.com` };
}
