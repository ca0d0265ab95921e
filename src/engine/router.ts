// Placement: which environment runs an invocation, when new ones start, and when idle ones go.
import { performance } from 'node:perf_hooks';
import type {
  FunctionDefinition,
  FunctionInvocation,
  FunctionResult,
} from '../base/function-runner.ts';

/** What placement needs of an execution environment. */
export interface PlacedEnvironment {
  readonly started: Promise<void>;
  readonly gone: Promise<void>;
  readonly freeSince: number;
  run(invocation: FunctionInvocation): Promise<FunctionResult>;
  end(): void;
}

export interface EnvironmentEvents {
  readonly onFree: (environment: PlacedEnvironment) => void;
  readonly onGone: (environment: PlacedEnvironment) => void;
}

export interface RouterOptions {
  /** Most environments at a time, of all functions together. Further invocations wait. */
  readonly maxConcurrency: number;
  readonly idleTimeoutMs: number;
  readonly create: (definition: FunctionDefinition, events: EnvironmentEvents) => PlacedEnvironment;
}

interface Waiting {
  readonly invocation: FunctionInvocation;
  readonly resolve: (result: Promise<FunctionResult>) => void;
  readonly reject: (error: unknown) => void;
}

/** The environments of one function version. */
interface Group {
  readonly definition: FunctionDefinition;
  /** Longest idle first; the most recently used is taken, so that the others can be reaped. */
  readonly idle: PlacedEnvironment[];
  readonly waiting: Waiting[];
  size: number;
  starting: number;
  retired: boolean;
}

/** More at a time of one function would only fight for the processor; a freed one may come first. */
const MAX_STARTING = 16;

export class Router {
  readonly #options: RouterOptions;
  readonly #groups = new Map<string, Group>();
  readonly #environments = new Set<PlacedEnvironment>();
  /** Groups, retired ones included, whose invocations found no room. */
  readonly #crowded = new Set<Group>();
  #reaper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  invoke(definition: FunctionDefinition, invocation: FunctionInvocation): Promise<FunctionResult> {
    if (this.#closed) return Promise.reject(closedError());
    const group = this.#groupOf(definition);
    const environment = group.idle.pop();
    if (environment !== undefined) return environment.run(invocation);
    return new Promise((resolve, reject) => {
      group.waiting.push({ invocation, resolve, reject });
      this.#grow(group);
    });
  }

  /** Idle environments of the version end now, busy ones after their invocation. */
  retire(key: string): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    this.#groups.delete(key);
    group.retired = true;
    for (const environment of group.idle.slice()) environment.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaper);
    for (const group of [...this.#groups.values(), ...this.#crowded]) {
      for (const { reject } of group.waiting.splice(0)) reject(closedError());
    }
    this.#groups.clear();
    this.#crowded.clear();
    const all = [...this.#environments];
    for (const environment of all) environment.end();
    await Promise.all(
      all.map(({ started, gone }) => started.then(() => gone).catch(() => {})),
    );
  }

  #groupOf(definition: FunctionDefinition): Group {
    let group = this.#groups.get(definition.key);
    if (group === undefined) {
      group = { definition, idle: [], waiting: [], size: 0, starting: 0, retired: false };
      this.#groups.set(definition.key, group);
    }
    return group;
  }

  /** Starts environments for what waits, as far as there is room. */
  #grow(group: Group): void {
    while (!this.#closed && group.starting < Math.min(group.waiting.length, MAX_STARTING)) {
      if (this.#environments.size < this.#options.maxConcurrency) {
        this.#startEnvironment(group);
      } else if (!this.#evictIdle()) {
        this.#crowded.add(group);
        return;
      }
    }
    this.#crowded.delete(group);
  }

  /** Over a copy: growing takes groups out and puts them back. */
  #growCrowded(): void {
    for (const group of Array.from(this.#crowded)) this.#grow(group);
  }

  #startEnvironment(group: Group): void {
    group.starting += 1;
    group.size += 1;
    const environment = this.#options.create(group.definition, {
      onFree: (free) => this.#place(group, free),
      onGone: (gone) => this.#remove(group, gone),
    });
    this.#environments.add(environment);
    void this.#awaitStart(group, environment);
  }

  async #awaitStart(group: Group, environment: PlacedEnvironment): Promise<void> {
    try {
      await environment.started;
    } catch (error) {
      group.starting -= 1;
      group.waiting.shift()?.reject(error);
      return this.#remove(group, environment);
    }
    group.starting -= 1;
    return this.#place(group, environment);
  }

  #remove(group: Group, environment: PlacedEnvironment): void {
    if (!this.#environments.delete(environment)) return;
    group.size -= 1;
    const at = group.idle.indexOf(environment);
    if (at !== -1) group.idle.splice(at, 1);
    this.#growCrowded();
    this.#grow(group);
  }

  /** Gives a free environment its next invocation, or puts it by. */
  #place(group: Group, environment: PlacedEnvironment): void {
    if (!this.#environments.has(environment)) return this.#grow(group);
    const next = group.waiting.shift();
    if (next !== undefined) return next.resolve(environment.run(next.invocation));
    if (group.retired || this.#closed) return environment.end();
    group.idle.push(environment);
    this.#growCrowded();
    const periodMs = Math.min(this.#options.idleTimeoutMs, 10_000);
    this.#reaper ??= setInterval(() => this.#reap(), periodMs).unref();
    return undefined;
  }

  /** Ends the environment that has been idle longest, of whatever function. */
  #evictIdle(): boolean {
    let oldest: PlacedEnvironment | undefined;
    for (const { idle } of this.#groups.values()) {
      const first = idle[0];
      if (first && (oldest === undefined || first.freeSince < oldest.freeSince)) oldest = first;
    }
    oldest?.end();
    return oldest !== undefined;
  }

  #reap(): void {
    const limit = performance.now() - this.#options.idleTimeoutMs;
    for (const [key, group] of this.#groups) {
      while (group.idle[0] && group.idle[0].freeSince <= limit) group.idle[0].end();
      if (group.size + group.waiting.length === 0) this.#groups.delete(key);
    }
    if (this.#environments.size > 0) return;
    clearInterval(this.#reaper);
    this.#reaper = undefined;
  }
}

function closedError(): Error {
  return new Error('the engine is closed');
}
