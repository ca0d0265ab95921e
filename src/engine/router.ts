// Placement: which environment runs an invocation, when new ones start, and when idle ones go.
import { performance } from 'node:perf_hooks';
import type {
  FunctionDefinition,
  FunctionInvocation,
  FunctionResult,
} from '../base/function-runner.ts';
import { chooseLeastUseful } from './least-useful.ts';
import type { PlacedEnvironment } from './placed-environment.ts';
import { ProvisionedEnvironments } from './provisioned-environments.ts';

export interface EnvironmentEvents {
  readonly onFree: (environment: PlacedEnvironment) => void;
  readonly onGone: (environment: PlacedEnvironment) => void;
}

export interface RouterOptions {
  /** Most environments at a time, of all functions together. Further invocations wait. */
  readonly maxConcurrency: number;
  readonly idleTimeoutMs: number;
  readonly create: (
    definition: FunctionDefinition,
    events: EnvironmentEvents,
    provisioned: boolean,
  ) => PlacedEnvironment;
  /** How much memory the machine is short of. */
  readonly shortageMb?: () => number;
  /** Most environments of this function at a time, where there is such a limit. */
  readonly mostOf?: (definition: FunctionDefinition) => number | undefined;
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
  /** The same for provisioned ones, which are preferred and never reaped. */
  readonly idleProvisioned: PlacedEnvironment[];
  readonly provisioned: ProvisionedEnvironments;
  readonly waiting: Waiting[];
  size: number;
  starting: number;
  retired: boolean;
}

/** More at a time of one function would only fight for the processor; a freed one may come first. */
const MAX_STARTING = 16;
/** How often the machine's memory is looked at, at most. */
const MEMORY_CHECK_MS = 1000;

export class Router {
  readonly #options: RouterOptions;
  readonly #groups = new Map<string, Group>();
  readonly #environments = new Set<PlacedEnvironment>();
  /** Groups, retired ones included, whose invocations found no room. */
  readonly #crowded = new Set<Group>();
  #reaper: NodeJS.Timeout | undefined;
  #memoryCheckedAt = 0;
  #closed = false;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  invoke(definition: FunctionDefinition, invocation: FunctionInvocation): Promise<FunctionResult> {
    if (this.#closed) return Promise.reject(closedError());
    const group = this.#groupOf(definition);
    const environment = group.idleProvisioned.pop() ?? group.idle.pop();
    if (environment !== undefined) return environment.run(invocation);
    return new Promise((resolve, reject) => {
      group.waiting.push({ invocation, resolve, reject });
      this.#grow(group);
    });
  }

  /** Keeps `count` initialised environments; those too many end, busy ones after their invocation. */
  provision(definition: FunctionDefinition, count: number): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    const group = this.#groupOf(definition);
    const done = group.provisioned.resize(count);
    for (const environment of group.idleProvisioned.slice()) {
      if (group.provisioned.isSuperfluous(environment)) environment.end();
    }
    return done;
  }

  /** Idle environments of the version end now, busy ones after their invocation. */
  retire(key: string): void {
    const group = this.#groups.get(key);
    if (group === undefined) return;
    this.#groups.delete(key);
    group.retired = true;
    void group.provisioned.resize(0);
    for (const environment of [...group.idle, ...group.idleProvisioned]) environment.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#reaper);
    for (const group of [...this.#groups.values(), ...this.#crowded]) {
      void group.provisioned.resize(0);
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
    const known = this.#groups.get(definition.key);
    if (known !== undefined) return known;
    const provisioned = new ProvisionedEnvironments({
      start: (onGone) => this.#startProvisioned(group, onGone),
      onReady: (environment) => this.#place(group, environment),
      onEmpty: () => this.#forget(group),
    });
    const group: Group = {
      definition,
      idle: [],
      idleProvisioned: [],
      provisioned,
      waiting: [],
      size: 0,
      starting: 0,
      retired: false,
    };
    this.#groups.set(definition.key, group);
    return group;
  }

  /** Starts environments for what waits, as far as there is room. */
  #grow(group: Group): void {
    const most = this.#options.mostOf?.(group.definition) ?? Number.POSITIVE_INFINITY;
    while (!this.#closed && group.starting < Math.min(group.waiting.length, MAX_STARTING)) {
      if (group.size >= most) return;
      if (!this.#hasRoom()) {
        this.#crowded.add(group);
        return;
      }
      this.#startEnvironment(group);
    }
    this.#crowded.delete(group);
  }

  /** Makes room, if need be, at the cost of an idle environment. */
  #hasRoom(): boolean {
    return this.#environments.size < this.#options.maxConcurrency || this.#evictIdle();
  }

  /** Over a copy: growing takes groups out and puts them back. */
  #growCrowded(): void {
    for (const group of Array.from(this.#crowded)) this.#grow(group);
  }

  #startEnvironment(group: Group): void {
    group.starting += 1;
    const now = performance.now();
    if (now - this.#memoryCheckedAt > MEMORY_CHECK_MS) this.#relieve(now);
    const environment = this.#create(group, false, () => {});
    void this.#awaitStart(group, environment);
  }

  /** One place is always left for invocations on demand: nothing could end what is provisioned. */
  #startProvisioned(group: Group, onGone: () => void): PlacedEnvironment | undefined {
    const crowded = this.#environments.size + 1 >= this.#options.maxConcurrency;
    if (this.#closed || (crowded && !this.#evictIdle())) return undefined;
    return this.#create(group, true, onGone);
  }

  #create(group: Group, provisioned: boolean, onGone: () => void): PlacedEnvironment {
    group.size += 1;
    const events: EnvironmentEvents = {
      onFree: (free) => this.#place(group, free),
      onGone: (gone) => {
        onGone();
        this.#remove(group, gone);
      },
    };
    const environment = this.#options.create(group.definition, events, provisioned);
    this.#environments.add(environment);
    return environment;
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
    for (const list of [group.idle, group.idleProvisioned]) {
      const at = list.indexOf(environment);
      if (at !== -1) list.splice(at, 1);
    }
    this.#growCrowded();
    this.#grow(group);
  }

  /** Gives a free environment its next invocation, or puts it by. */
  #place(group: Group, environment: PlacedEnvironment): void {
    if (!this.#environments.has(environment)) return this.#grow(group);
    const next = group.waiting.shift();
    if (next !== undefined) return next.resolve(environment.run(next.invocation));
    const superfluous = group.provisioned.isSuperfluous(environment);
    if (group.retired || this.#closed || superfluous) return environment.end();
    if (group.provisioned.has(environment)) {
      group.idleProvisioned.push(environment);
      return undefined;
    }
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
      const first = idle.find(({ isDebugged }) => !isDebugged);
      if (first && (oldest === undefined || first.freeSince < oldest.freeSince)) oldest = first;
    }
    oldest?.end();
    return oldest !== undefined;
  }

  /** Ends idle environments, the least useful first, when the machine is short of memory. */
  #relieve(now: number): void {
    this.#memoryCheckedAt = now;
    const neededMb = this.#options.shortageMb?.() ?? 0;
    if (neededMb <= 0) return;
    const idle = [...this.#groups.values()].flatMap((group) =>
      group.idle
        .filter(({ isDebugged }) => !isDebugged)
        .map((environment, at, all) => ({
          environment,
          idleMs: now - environment.freeSince,
          memoryMb: environment.memoryMb,
          isSpare: at < all.length - 1,
        })),
    );
    for (const { environment } of chooseLeastUseful(idle, neededMb)) environment.end();
  }

  #reap(): void {
    this.#relieve(performance.now());
    const limit = performance.now() - this.#options.idleTimeoutMs;
    for (const group of this.#groups.values()) {
      for (const environment of group.idle.slice()) {
        if (environment.freeSince <= limit && !environment.isDebugged) environment.end();
      }
      this.#forget(group);
    }
    if (this.#environments.size > 0) return;
    clearInterval(this.#reaper);
    this.#reaper = undefined;
  }

  #forget(group: Group): void {
    const { key } = group.definition;
    if (group.size + group.waiting.length + group.provisioned.wanted > 0) return;
    if (this.#groups.get(key) === group) this.#groups.delete(key);
  }
}

function closedError(): Error {
  return new Error('the engine is closed');
}
