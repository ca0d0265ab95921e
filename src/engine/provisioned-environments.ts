// Provisioned concurrency of one function version: keeps so many initialised environments, and replaces them.
import { FunctionUnavailable } from '../base/function-runner.ts';
import type { PlacedEnvironment } from './placed-environment.ts';

export interface ProvisionedOptions {
  /** Starts an environment; undefined when there is no room. `onGone` is told once when it has ended. */
  readonly start: (onGone: () => void) => PlacedEnvironment | undefined;
  /** A kept environment is initialised and can take work. */
  readonly onReady: (environment: PlacedEnvironment) => void;
  /** None is kept and none wanted any more. */
  readonly onEmpty: () => void;
}

interface Resize {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** More at a time would only fight for the processor. */
const MAX_STARTING = 8;
/** A replacement that cannot be initialised is tried again, ever more rarely. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

export class ProvisionedEnvironments {
  readonly #options: ProvisionedOptions;
  readonly #all = new Set<PlacedEnvironment>();
  readonly #ready = new Set<PlacedEnvironment>();
  #resizing: Resize[] = [];
  #wanted = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: NodeJS.Timeout | undefined;

  constructor(options: ProvisionedOptions) {
    this.#options = options;
  }

  get wanted(): number {
    return this.#wanted;
  }

  has(environment: PlacedEnvironment): boolean {
    return this.#all.has(environment);
  }

  /** More are kept than wanted: this one is to end as soon as it is idle. */
  isSuperfluous(environment: PlacedEnvironment): boolean {
    return this.#all.has(environment) && this.#all.size > this.#wanted;
  }

  /** Resolves when so many are ready, or another call asks for another number. */
  resize(count: number): Promise<void> {
    for (const { resolve } of this.#resizing.splice(0)) resolve();
    this.#wanted = count;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    return new Promise((resolve, reject) => {
      this.#resizing.push({ resolve, reject });
      this.#fill();
      this.#settle();
    });
  }

  #fill(): void {
    while (this.#pause === undefined && this.#all.size < this.#wanted) {
      if (this.#all.size - this.#ready.size >= MAX_STARTING) return;
      const environment = this.#options.start(() => this.#drop(environment));
      if (environment === undefined) {
        const text = 'this machine has no room for so many environments at a time';
        return this.#failed(new FunctionUnavailable('InsufficientCapacity', text));
      }
      this.#all.add(environment);
      void this.#awaitStart(environment);
    }
    if (this.#wanted === 0 && this.#all.size === 0) this.#options.onEmpty();
  }

  async #awaitStart(environment: PlacedEnvironment): Promise<void> {
    try {
      await environment.started;
    } catch (error) {
      this.#all.delete(environment);
      environment.end();
      return this.#failed(error);
    }
    const { initFailure } = environment;
    if (initFailure !== undefined) {
      this.#all.delete(environment);
      environment.end();
      // AWS: `FUNCTION_ERROR_INIT_FAILURE`. docs.aws.amazon.com/lambda/latest/api, StateReasonCode
      return this.#failed(new FunctionUnavailable('FUNCTION_ERROR_INIT_FAILURE', initFailure));
    }
    // It may have ended in the same moment.
    if (!this.#all.has(environment)) return undefined;
    this.#ready.add(environment);
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#options.onReady(environment);
    this.#fill();
    return this.#settle();
  }

  /** Whoever waits for the number is told, and keeps what is ready; a replacement is tried again. */
  #failed(error: unknown): void {
    const waiting = this.#resizing.splice(0);
    if (waiting.length > 0) this.#wanted = Math.min(this.#wanted, this.#ready.size);
    for (const { reject } of waiting) reject(error);
    if (this.#pause !== undefined || this.#all.size >= this.#wanted) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#fill();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  #drop(environment: PlacedEnvironment | undefined): void {
    if (environment === undefined || !this.#all.delete(environment)) return;
    this.#ready.delete(environment);
    this.#fill();
    this.#settle();
  }

  #settle(): void {
    if (this.#ready.size < this.#wanted) return;
    for (const { resolve } of this.#resizing.splice(0)) resolve();
  }
}
