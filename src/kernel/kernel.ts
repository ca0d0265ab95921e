// The kernel of one cloud: services behind one pipeline, timers and background work, on one store.
import type { Activity, ActivityToken } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
import { ServiceError, present } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Random, randomUuid } from '../base/random.ts';
import type { Blobs, Store } from '../base/store.ts';
import type { ServiceId } from '../models/operations.ts';
import { loadSchemas } from '../models/schemas.ts';
import { SERVICE_ROWS } from '../models/services.ts';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import { loadServiceModel } from '../wire/load-model.ts';
import { createRouter } from '../wire/router.ts';
import { createAudit } from './audit.ts';
import { type AuthenticationMode, DEFAULT_ACCOUNT, DEFAULT_REGION } from './authenticate.ts';
import type { Call, Principal, Scope } from './call.ts';
import type { LocalSlot, Ports, RequestContext, WorkContext } from './context.ts';
import { type FaultRule, type Faults, createFaults } from './faults.ts';
import { type ContextRequest, type PipelineParts, handleHttp, performCall } from './pipeline.ts';
import { type Registry, createRegistry } from './registry.ts';
import type { AnyService } from './service.ts';
import { type FiredTimer, createTimerDispatcher } from './timers.ts';
import { createValidators } from './validators.ts';

export interface KernelOptions {
  readonly services: readonly AnyService[];
  readonly store: Store;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly activity: Activity;
  readonly log: Log;
  /** Made after the kernel, because engines call back into it. */
  readonly ports: () => Ports;
  /** Base URL as clients see it; known once the server listens. */
  readonly endpoint: () => string;
  readonly authentication: AuthenticationMode;
  readonly faults: readonly FaultRule[];
  /** A bug of ours surfaced; the request was answered with 500. */
  readonly onDefect: (error: unknown, where: string) => void;
}

export interface Kernel {
  readonly registry: Registry;
  readonly faults: Faults;
  /** Answers one HTTP request; never throws. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** The in-process client as the root of the default account, for the composition root. */
  readonly call: Call;
  /** A context for work that no request asked for. */
  workContext(scope: Scope, principal: Principal, token: ActivityToken): WorkContext;
  /** Starts timers and the services' background work. */
  start(): Promise<void>;
  /** Stops background work and waits for what is running. The store stays open. */
  stop(): Promise<void>;
  watchTimers(seen: (fired: FiredTimer) => void): () => void;
  flushAudit(): Promise<void>;
  /** Reads kernel tables for the control interface. */
  readStore: Store['read'];
}

const ROOT: Principal = { kind: 'root', account: DEFAULT_ACCOUNT };
/** AWS refuses requests signed more than a quarter of an hour away. */
const CLOCK_SKEW_MAX_MS = 15 * 60_000;
const HOME: Scope = { account: DEFAULT_ACCOUNT, region: DEFAULT_REGION };

export function createKernel(options: KernelOptions): Kernel {
  const { store, clock, random, activity, log } = options;
  const registry = createRegistry(options.services);
  const stopping = new AbortController();
  const background = new Set<Promise<void>>();
  const locals = new Map<LocalSlot<unknown>, unknown>();
  const audit = createAudit({ store, clock, random, log });
  const faults = createFaults(options.faults, random, clock);

  const timers = createTimerDispatcher({
    store,
    clock,
    activity,
    random,
    log,
    workers: registry.workers,
    contextFor: (scope, worker, token) => workContext(scope, servicePrincipal(scope, worker), token),
  });

  function workContext(scope: Scope, principal: Principal, token: ActivityToken): WorkContext {
    const context: Omit<WorkContext, 'call'> = {
      account: scope.account,
      region: scope.region,
      principal,
      activity: token,
      nowMs: clock.now(),
      clock,
      random,
      store,
      blobs: options.blobs,
      timers,
      ports: options.ports(),
      endpoint: options.endpoint(),
      trustsUnknownKeys: options.authentication === 'trust',
      signal: stopping.signal,
      spawn,
      local,
    };
    return { ...context, call: callFrom(context) };
  }

  function requestContext(request: ContextRequest): RequestContext {
    const { http } = request;
    const context: RequestContext = {
      ...workContext(request, request.principal, request.activity),
      service: request.service,
      operation: request.operation,
      requestId: request.requestId,
    };
    return http === undefined ? context : { ...context, http, signal: http.signal };
  }

  /** The in-process client of a context: its calls share the context's activity token. */
  function callFrom(from: Omit<WorkContext, 'call'>): Call {
    return (async (service: string, operation: string, input: unknown, as: Parameters<Call>[3] = {}) => {
      const principal = as.as ?? from.principal;
      const context = requestContext({
        service,
        operation,
        requestId: randomUuid(random),
        account: as.account ?? from.account,
        region: as.region ?? from.region,
        principal,
        activity: from.activity,
      });
      const called = as.signal === undefined ? context : { ...context, signal: as.signal };
      return performCall(called, input, parts);
      // The registry is untyped by nature; ServiceOperations types it for the caller.
    }) as Call;
  }

  function local<T>(slot: LocalSlot<T>): T {
    if (!locals.has(slot)) locals.set(slot, slot.make());
    return locals.get(slot) as T;
  }

  function spawn(name: string, scope: Scope, body: (context: WorkContext) => Promise<void>): void {
    const work = activity
      .run((token) => body(workContext(scope, servicePrincipal(scope, name), token)))
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) options.onDefect(error, `background work ${name}`);
      })
      .finally(() => background.delete(work));
    background.add(work);
  }

  const parts: PipelineParts = {
    router: createRouter({
      rows: SERVICE_ROWS,
      load: async (row) => loadServiceModel(row, await loadSchemas(row.id as ServiceId)),
    }),
    registry,
    validators: createValidators(),
    faults,
    audit,
    mode: options.authentication,
    nowMs: () => clock.now(),
    maxSkewMs: 'advance' in clock ? Number.POSITIVE_INFINITY : CLOCK_SKEW_MAX_MS,
    newRequestId: () => randomUuid(random),
    store,
    contextFor: requestContext,
    onDefect: options.onDefect,
  };

  async function handle(request: HttpRequest): Promise<HttpResponse> {
    const token = activity.begin();
    try {
      for (const route of registry.routes) {
        const matched = route.match(request);
        if (matched === undefined) continue;
        const context = workContext(HOME, { kind: 'anonymous', account: DEFAULT_ACCOUNT }, token);
        return await route.handle(matched, request, context);
      }
      return await handleHttp(request, token, parts);
    } catch (error) {
      options.onDefect(error, `${request.method} ${request.path}`);
      return { status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal failure\n' };
    } finally {
      token.end();
    }
  }

  return {
    registry,
    faults,
    handle,
    workContext,
    call: (service, operation, input, as) =>
      activity.run((token) => workContext(HOME, ROOT, token).call(service, operation, input, as)),
    async start() {
      timers.start();
      for (const service of registry.services.values()) {
        const { start } = service;
        if (start === undefined) continue;
        const principal = servicePrincipal(HOME, service.id);
        await activity.run((token) => start(workContext(HOME, principal, token)));
      }
    },
    async stop() {
      stopping.abort(new ServiceError('ServiceUnavailable', 'The cloud is stopping.', { status: 503 }));
      await timers.stop();
      await Promise.all(background);
      await audit.flush();
    },
    watchTimers: (seen) => timers.watch(seen),
    flushAudit: () => audit.flush(),
    readStore: (body) => store.read(body),
  };
}

/** `lambda/async-invoke` works as `lambda.amazonaws.com`. */
function servicePrincipal(scope: Scope, worker: string): Principal {
  const service = present(worker.split('/')[0], 'service of a worker');
  return { kind: 'service', account: scope.account, service: `${service}.amazonaws.com` };
}
