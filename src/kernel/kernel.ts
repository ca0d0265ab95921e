// The kernel of one cloud: services behind one pipeline, timers and background work, on one store.
import type { Activity } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
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
import type { Ports } from './context.ts';
import { createContexts, servicePrincipal } from './contexts.ts';
import { type FaultRule, type Faults, createFaults } from './faults.ts';
import { type Metrics, createMetrics } from './metrics.ts';
import { type PipelineParts, handleHttp, performCall } from './pipeline.ts';
import { type Registry, createRegistry, toServiceError } from './registry.ts';
import type { AnyService } from './service.ts';
import type { ServiceSettings } from './settings.ts';
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
  readonly settings?: ServiceSettings;
  /** A bug of ours surfaced; the request was answered with 500. */
  readonly onDefect: (error: unknown, where: string) => void;
}

export interface Kernel {
  readonly registry: Registry;
  readonly faults: Faults;
  readonly metrics: Metrics;
  /** Answers one HTTP request; never throws. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** The in-process client as the root of the default account, for the composition root. */
  readonly call: Call;
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
const ANYBODY: Principal = { kind: 'anonymous', account: DEFAULT_ACCOUNT };
/** AWS refuses requests signed more than a quarter of an hour away. */
const CLOCK_SKEW_MAX_MS = 15 * 60_000;
const HOME: Scope = { account: DEFAULT_ACCOUNT, region: DEFAULT_REGION };

export function createKernel(options: KernelOptions): Kernel {
  const { store, blobs, clock, random, activity, log, onDefect } = options;
  const registry = createRegistry(options.services);
  const audit = createAudit({ store, clock, random, log });
  const faults = createFaults(options.faults, random, clock);
  const metrics = createMetrics({ store, clock, activity, log });
  const timers = createTimerDispatcher({
    store,
    clock,
    activity,
    random,
    log,
    workers: registry.workers,
    slowWorkers: registry.slowWorkers,
    contextFor: (scope, worker, token) =>
      contexts.forWork(scope, servicePrincipal(scope, worker), token),
  });
  const contexts = createContexts({
    store,
    blobs,
    clock,
    random,
    activity,
    timers,
    metrics,
    trustsUnknownKeys: options.authentication === 'trust',
    ports: options.ports,
    settings: options.settings ?? {},
    endpoint: options.endpoint,
    perform: (context, input) => performCall(context, input, parts),
    onDefect,
  });
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
    contextFor: (request) => contexts.forRequest(request),
    onDefect,
  };

  async function handle(request: HttpRequest): Promise<HttpResponse> {
    const token = activity.begin();
    try {
      for (const route of registry.routes) {
        const matched = route.match(request);
        if (matched === undefined) continue;
        const context = contexts.forWork(HOME, ANYBODY, token);
        return await route.handle(matched, request, context);
      }
      return await handleHttp(request, token, parts);
    } catch (error) {
      if (toServiceError(error).defect) onDefect(error, `${request.method} ${request.path}`);
      return { status: 500, headers: { 'content-type': 'text/plain' }, body: 'Internal failure\n' };
    } finally {
      token.end();
    }
  }

  async function startServices(): Promise<void> {
    for (const { id, start } of registry.services.values()) {
      if (start === undefined) continue;
      const principal = servicePrincipal(HOME, id);
      await activity.run((token) => start(contexts.forWork(HOME, principal, token)));
    }
  }

  return {
    registry,
    faults,
    metrics,
    handle,
    call: (service, operation, input, callOptions) =>
      activity.run((token) =>
        contexts.forWork(HOME, ROOT, token).call(service, operation, input, callOptions),
      ),
    async start() {
      timers.start();
      await startServices();
    },
    async stop() {
      // Background work first hears of the end; what it still schedules is left for the next start.
      const background = contexts.stop();
      await timers.stop();
      await background;
      await audit.flush();
      await metrics.stop();
    },
    watchTimers: (seen) => timers.watch(seen),
    flushAudit: () => audit.flush(),
    readStore: (body) => store.read(body),
  };
}
