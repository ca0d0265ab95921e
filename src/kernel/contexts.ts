// Makes the contexts that handlers and workers are given, and runs background work in them.
import type { Activity, ActivityToken } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
import { ServiceError, present } from '../base/errors.ts';
import { type Random, randomUuid } from '../base/random.ts';
import type { Blobs, Store } from '../base/store.ts';
import type { Call, CallOptions, Principal, Scope } from './call.ts';
import type { LocalSlot, Ports, RequestContext, Timers, WorkContext } from './context.ts';
import type { Metrics } from './metrics.ts';
import type { ContextRequest } from './pipeline.ts';
import type { ServiceSettings } from './settings.ts';

export interface ContextParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly activity: Activity;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly trustsUnknownKeys: boolean;
  readonly ports: () => Ports;
  readonly settings: ServiceSettings;
  readonly endpoint: () => string;
  /** Runs the shared stages of the pipeline. */
  readonly perform: (context: RequestContext, input: unknown) => Promise<unknown>;
  readonly onDefect: (error: unknown, where: string) => void;
}

/** A scope with the trace that work in it belongs to. */
export interface TracedScope extends Scope {
  readonly traceId?: string;
}

export interface Contexts {
  forWork(scope: TracedScope, principal: Principal, token: ActivityToken): WorkContext;
  forRequest(request: ContextRequest): RequestContext;
  /** Aborts every context's signal and waits for background work. */
  stop(): Promise<void>;
}

export function createContexts(parts: ContextParts): Contexts {
  const { activity, random } = parts;
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
      traceId: options.traceId ?? from.traceId,
    });
    const called = options.signal === undefined ? context : { ...context, signal: options.signal };
    return parts.perform(called, input);
  }

  function forWork(scope: TracedScope, principal: Principal, token: ActivityToken): WorkContext {
    return forRequest({
      account: scope.account,
      region: scope.region,
      traceId: scope.traceId,
      principal,
      activity: token,
      service: '',
      operation: '',
      requestId: '',
    });
  }

  const shared: SharedParts = {
    parts,
    stopping: stopping.signal,
    spawn,
    local,
    callFrom,
  };

  function forRequest(request: ContextRequest): RequestContext {
    return new OwnContext(request, shared);
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

/** What all contexts of a cloud have in common. */
interface SharedParts {
  readonly parts: ContextParts;
  readonly stopping: AbortSignal;
  readonly spawn: WorkContext['spawn'];
  readonly local: WorkContext['local'];
  readonly callFrom: (from: WorkContext, request: InProcessCall) => Promise<unknown>;
}

/**
 * A class, though nobody else needs to know: an object literal with a getter would get a shape of its
 * own each time, and every request makes a context.
 */
class OwnContext implements RequestContext {
  readonly account: string;
  readonly region: string;
  readonly principal: Principal;
  readonly activity: ActivityToken;
  readonly traceId: string | undefined;
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  readonly http: RequestContext['http'];
  readonly nowMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly ports: Ports;
  readonly settings: ServiceSettings;
  readonly endpoint: string;
  readonly trustsUnknownKeys: boolean;
  readonly spawn: WorkContext['spawn'];
  readonly local: WorkContext['local'];
  readonly call: Call;
  readonly #stopping: AbortSignal;

  constructor(request: ContextRequest, { parts, stopping, spawn, local, callFrom }: SharedParts) {
    this.account = request.account;
    this.region = request.region;
    this.principal = request.principal;
    this.activity = request.activity;
    this.traceId = request.traceId;
    this.service = request.service;
    this.operation = request.operation;
    this.requestId = request.requestId;
    this.http = request.http;
    this.nowMs = parts.clock.now();
    this.clock = parts.clock;
    this.random = parts.random;
    this.store = parts.store;
    this.blobs = parts.blobs;
    this.timers = traceTimers(parts.timers, request.traceId);
    this.metrics = parts.metrics;
    this.ports = parts.ports();
    this.settings = parts.settings;
    this.endpoint = parts.endpoint();
    this.trustsUnknownKeys = parts.trustsUnknownKeys;
    this.spawn = spawn;
    this.local = local;
    // The registry is untyped by nature; ServiceOperations types it for the caller.
    this.call = ((service: string, operation: string, input: unknown, options?: CallOptions) =>
      callFrom(this, { service, operation, input, options })) as Call;
    this.#stopping = stopping;
  }

  /** Made only for who waits: an abort signal costs more than a small request. */
  get signal(): AbortSignal {
    return this.http?.signal ?? this.#stopping;
  }
}

/** Timers that go on with the trace of who schedules them. */
function traceTimers(timers: Timers, traceId: string | undefined): Timers {
  if (traceId === undefined) return timers;
  return {
    schedule: (tx, scope, task) => timers.schedule(tx, scope, { traceId, ...task }),
    cancel: (tx, worker, id) => timers.cancel(tx, worker, id),
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
