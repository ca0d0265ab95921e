// What a handler or worker is given: who calls, where, when, and the doors to everything else.
import type { ActivityToken } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
import type { FunctionRunner } from '../base/function-runner.ts';
import type { Random } from '../base/random.ts';
import type { Blobs, Store, Tx } from '../base/store.ts';
import type { HttpRequest } from '../wire/http.ts';
import type { Call, Principal, Scope } from './call.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceSettings } from './settings.ts';
import type { TemplateEngine } from './templates.ts';

export type { Call, CallOptions, Principal, Scope } from './call.ts';

/** A durable timer: a task that runs once its time has come, and again after a crash. */
export interface TimerTask {
  /** A worker's name as its service declares it, e.g. `lambda/async-invoke`. */
  readonly worker: string;
  /** Epoch ms; at or before now means as soon as the transaction has committed. */
  readonly dueMs: number;
  /** Same worker and id replace each other; without an id each is its own. */
  readonly id?: string;
  /** Structured-clone-like data: plain objects, arrays, strings, numbers, bytes. */
  readonly payload: unknown;
  /** Goes on to the worker's context; default: that of the context that schedules. */
  readonly traceId?: string | undefined;
}

export interface Timers {
  schedule(tx: Tx, scope: Scope, task: TimerTask): void;
  /** Removes a timer scheduled with an id; unknown ids are ignored. */
  cancel(tx: Tx, worker: string, id: string): Promise<void>;
}

/** Engines the composition root plugs in; services use them through these contracts alone. */
export interface Ports {
  readonly functions: FunctionRunner;
  readonly templates: TemplateEngine;
}

/** A place for what one cloud keeps in memory and can do without after a restart (counters, pollers). */
export interface LocalSlot<T> {
  readonly make: () => T;
}

/** Declares such a place; every cloud has its own value in it. */
export function localSlot<T>(make: () => T): LocalSlot<T> {
  return { make };
}

/** Shared by requests and workers. */
export interface WorkContext extends Scope {
  readonly principal: Principal;
  /**
   * `X-Amzn-Trace-Id` of the chain of requests this is a part of, when there is one: calls and durable
   * timers hand it on.
   */
  readonly traceId: string | undefined;
  /** The cloud's time when this piece of work began, ms. Use `clock.now()` after a wait. */
  readonly nowMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly timers: Timers;
  /** Counts what happens, for CloudWatch. */
  readonly metrics: Metrics;
  readonly call: Call;
  readonly activity: ActivityToken;
  readonly ports: Ports;
  readonly settings: ServiceSettings;
  /** Base URL of this cloud as its clients see it, e.g. `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** Access keys that this cloud did not issue are the root of their account (laptop, tests). */
  readonly trustsUnknownKeys: boolean;
  /** Aborted when the client goes away or the cloud stops. A copy by `{ ...context }` lacks it. */
  readonly signal: AbortSignal;
  /** This cloud's value of a slot, made on first use. */
  local<T>(slot: LocalSlot<T>): T;
  /**
   * Runs `body` in the background until it returns or the cloud stops (pollers). It has its own
   * activity token and must park it while idle. A throw is logged as a defect.
   */
  spawn(name: string, scope: Scope, body: (context: WorkContext) => Promise<void>): void;
}

export interface RequestContext extends WorkContext {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  /** Present when the request came over HTTP. */
  readonly http?: HttpRequest | undefined;
}
