// What forked environments and the processes they are forked from say of themselves, beside the Runtime API.
import { Socket } from 'node:net';
import type { ProcessEnd } from '../failures.ts';
import type { Respond, RuntimeRequest } from './http-connection.ts';

/** More requests that one environment's socket answers. */
export interface SideApi {
  /** True when the request was for it. */
  handle(request: RuntimeRequest, respond: Respond, connection: object): boolean;
  /** A connection was lost. */
  closed(connection: object): void;
}

const JSON_TYPE = 'Content-Type: application/json\r\n';
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS',
  8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM', 31: 'SIGSYS',
};

/** The orders of a process that forks: it comes for one after the other. */
export class ForkOrders implements SideApi {
  /** Told once, when the process is initialised and can fork. */
  onReady: () => void = () => {};
  #waiting: { readonly respond: Respond; readonly connection: object } | undefined;
  #isReady = false;
  readonly #orders: string[] = [];

  /** Carried out when the process comes for it. */
  give(order: unknown): void {
    this.#orders.push(JSON.stringify(order));
    this.#serve();
  }

  handle({ method, path }: RuntimeRequest, respond: Respond, connection: object): boolean {
    if (method !== 'GET' || path !== '/cloudlet/fork') return false;
    this.#waiting = { respond, connection };
    if (!this.#isReady) {
      this.#isReady = true;
      this.onReady();
    }
    this.#serve();
    return true;
  }

  closed(connection: object): void {
    if (this.#waiting?.connection === connection) this.#waiting = undefined;
  }

  #serve(): void {
    if (this.#waiting === undefined) return;
    const order = this.#orders.shift();
    if (order === undefined) return;
    const { respond } = this.#waiting;
    this.#waiting = undefined;
    respond(200, JSON_TYPE, order);
  }
}

/** The supervisor of one forked environment: it reports in, waits to be let go, and tells how all ended. */
export class Supervision implements SideApi {
  /** Resolves with the supervisor's process id as the forking process counts; rejects with what went wrong. */
  readonly forked: Promise<number>;
  readonly ended: Promise<ProcessEnd>;
  #connection: object | undefined;
  #respond: Respond | undefined;
  #end: ProcessEnd = { kind: 'signal', signal: 'SIGKILL' };
  #resolveForked: (pid: number) => void = () => {};
  #rejectForked: (error: Error) => void = () => {};
  #resolveEnded: (end: ProcessEnd) => void = () => {};

  constructor() {
    this.forked = new Promise((resolve, reject) => {
      this.#resolveForked = resolve;
      this.#rejectForked = reject;
    });
    // Whoever never asks is not to be told of it as of a defect.
    this.forked.catch(() => {});
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Whoever waits for the end keeps the engine's process alive. */
  ref(): void {
    if (this.#connection instanceof Socket) this.#connection.ref();
  }

  /** The environment's own process may start. */
  letGo(): void {
    this.#respond?.(200, JSON_TYPE, '{}');
  }

  fail(error: Error): void {
    this.#rejectForked(error);
  }

  handle({ method, path, body }: RuntimeRequest, respond: Respond, connection: object): boolean {
    if (method !== 'POST' || !/^\/cloudlet\/(forked|ended)$/.test(path)) return false;
    // Its first connection is the supervisor's: the function, which comes later, cannot pose as it.
    this.#connection ??= connection;
    if (this.#connection !== connection) {
      respond(403, JSON_TYPE, '{}');
      return true;
    }
    const told = parse(body);
    if (path === '/cloudlet/ended') {
      this.#end = describeEnd(told);
      respond(200, JSON_TYPE, '{}');
    } else if (typeof told['pid'] === 'number') {
      this.#respond = respond;
      this.#resolveForked(told['pid']);
    } else {
      respond(200, JSON_TYPE, '{}');
      this.#rejectForked(new Error(String(told['error'])));
    }
    return true;
  }

  closed(connection: object): void {
    if (this.#connection !== connection) return;
    this.#rejectForked(new Error('the forked process ended at once'));
    this.#resolveEnded(this.#end);
  }
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function describeEnd({ signal, code }: Record<string, unknown>): ProcessEnd {
  if (typeof signal === 'number') return { kind: 'signal', signal: SIGNALS[signal] ?? `SIG${signal}` };
  return { kind: 'exit', code: typeof code === 'number' ? code : 1 };
}
