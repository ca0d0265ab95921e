// One execution environment: a log stream and the runtime process behind it, from init to its end.
import { performance } from 'node:perf_hooks';
import {
  type FunctionDefinition,
  type FunctionInvocation,
  type FunctionResult,
  FunctionUnavailable,
  type ResponseSink,
} from '../base/function-runner.ts';
import { extensionFailed, outOfMemory, type PlatformFailure, runtimeExited, timedOut } from './failures.ts';
import { describeFailure, type InitFailure, type InitOutcome, runInitPhase } from './init-phase.ts';
import { PlatformLog, type PlatformLogOptions } from './logs/platform-log.ts';
import type { StreamLog } from './logs/stream-log.ts';
import { bodyOf, isFatal, judgeResponse, type Outcome, statusOf } from './outcome.ts';
import type { ShutdownReason } from './runtime-api/extensions-api.ts';
import { NO_EVENTS } from './runtime-api/runtime-api.ts';
import type { Guest } from './runtimes/guest.ts';

/** AWS: docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_LIMIT_MS = 10_000;
/** The longest a timer can be set to. */
const LONGEST_MS = 2 ** 31 - 1;
/** What runtimes do right after an answer, and the next invocation of a busy function, come before it. */
const FREEZE_AFTER_MS = 20;
/** How often a running function's memory is looked at. */
const MEMORY_CHECK_MS = 50;
/** How often the peak is asked for at the end of invocations; the kernel keeps it meanwhile. */
const PEAK_CHECK_MS = 20;
/** How many of those checks pass between two deliveries of a running function's log lines. */
const CHECKS_PER_FLUSH = 20;

export interface EnvironmentOptions extends PlatformLogOptions {
  /** Whether a line of the function goes into the log. */
  readonly keepsLine: (line: string) => boolean;
  /** A debugger may hold it up: no time limit, no freezing. */
  readonly isDebugged: boolean;
  /** Whether the runtime shows its function the cloud's time instead of the machine's. */
  readonly usesCloudTime: boolean;
  /** Whether handlers get a share of the processor by their memory. */
  readonly boundsCpu: boolean;
  /** Has on this machine what the function runs on. No part of init, and not billed. */
  readonly fetchRuntime: () => Promise<void>;
  /** Starts a process that knows its function; called again when an init has to be repeated. */
  readonly startRuntime: () => Promise<Guest>;
  /** Told when the environment can take the next invocation. */
  readonly onFree: (environment: ExecutionEnvironment) => void;
  /** Told once when it never will again. */
  readonly onGone: (environment: ExecutionEnvironment) => void;
}

export class ExecutionEnvironment {
  /** Resolves when the first init phase is over, well or not. Rejects when no process could be had. */
  readonly started: Promise<void>;
  /** Resolves when nothing of it is left and its last line is on its way. */
  readonly gone: Promise<void>;
  /** `performance.now()` when it became free. */
  freeSince = 0;

  readonly #options: EnvironmentOptions;
  readonly #definition: FunctionDefinition;
  readonly #log: StreamLog;
  readonly #platform: PlatformLog;
  #guest: Guest | undefined;
  #init: InitOutcome | undefined;
  /** Init Duration belongs into the first REPORT only, and not after a repeated init. */
  #initReported = false;
  #runs = 0;
  #running = 0;
  #over = false;
  #peakMb = 0;
  #peakNotedAt = 0;
  #flushPlanned = false;
  #ready = false;
  #frozen = false;
  #freezer: NodeJS.Timeout | undefined;
  #cpuLimited = false;
  #stopWatching: () => void = () => {};
  #announceGone: () => void = () => {};

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#definition = options.definition;
    this.#log = options.log;
    this.gone = new Promise((resolve) => (this.#announceGone = resolve));
    this.#platform = new PlatformLog(options);
    this.#platform.environmentStarts();
    // AWS: LogResult has what the function wrote during init, but not INIT_START.
    this.#log.beginTail();
    this.#log.onCongestion = (congested) => this.#guest?.holdLogs(congested);
    this.started = this.#start();
  }

  get memoryMb(): number {
    return this.#guest?.memory.currentMb() ?? 0;
  }

  get isDebugged(): boolean {
    return this.#options.isDebugged;
  }

  get initFailure(): string | undefined {
    return this.#init?.kind === 'failed' ? describeFailure(this.#init) : undefined;
  }

  /** Runs one invocation; only while free. */
  async run(given: FunctionInvocation): Promise<FunctionResult> {
    let streamed = false;
    const invocation = watchStream(given, () => (streamed = true));
    const result = await this.#run(invocation);
    const provisioned = this.#options.initializationType === 'provisioned-concurrency';
    return { ...result, ...(streamed ? { streamed } : {}), ...(provisioned ? { provisioned } : {}) };
  }

  async #run(invocation: FunctionInvocation): Promise<FunctionResult> {
    if (this.#runs > 0) this.#log.beginTail();
    this.#runs += 1;
    this.#running += 1;
    const startedAt = performance.now();
    if (this.#init?.kind !== 'ready') {
      const outcome = await this.#repeatInit(invocation);
      if (outcome !== undefined) return this.#finish(invocation, startedAt, outcome);
    }
    this.#platform.invocationStarts(invocation.requestId);
    const outcome = await this.#serve(invocation, startedAt);
    return this.#finish(invocation, startedAt, outcome);
  }

  /** Ends the process. An invocation under way fails as if the runtime had been killed. */
  end(reason: ShutdownReason = 'spindown'): void {
    if (!this.#over) {
      this.#over = true;
      this.#options.onGone(this);
    }
    clearTimeout(this.#freezer);
    this.#guest?.shutDown(reason);
    this.#settleGone();
  }

  async #start(): Promise<void> {
    const outcome = await this.#initialise(this.#options.isDebugged ? LONGEST_MS : INIT_LIMIT_MS);
    this.#init = outcome;
    if (outcome.kind === 'failed') {
      this.#log.flush();
      if (this.#isRestored) this.#refuseRestore(outcome);
    } else if (this.#guest === undefined) {
      this.end();
    } else if (this.#options.initializationType === 'provisioned-concurrency') {
      // Its first invocation may be far away.
      this.#log.flush();
    }
  }

  /** AWS: the caller is told, the function never ran. API_Invoke.html, SnapStartException */
  #refuseRestore(outcome: InitFailure): never {
    this.end('failure');
    throw outcome.status === 'timeout'
      ? new FunctionUnavailable('SnapStartTimeoutException', "Lambda couldn't restore the snapshot within the timeout limit.")
      : new FunctionUnavailable('SnapStartException', describeFailure(outcome));
  }

  async #initialise(limitMs: number): Promise<InitOutcome> {
    // A snapshot has it already.
    if (!this.#isRestored) await this.#options.fetchRuntime();
    const outcome = await runInitPhase(limitMs, this.#options.startRuntime, (guest) => {
      this.#guest = guest;
      guest.hear((message) => this.#heard(message, 'function'));
      guest.hearExtensions((message) => this.#heard(message, 'extension'));
      this.#platform.telemetry = guest.api.extensions?.telemetry;
      this.#platform.processStarts(this.#phase);
      void guest.ended.then(() => this.#processEnded(guest));
      if (this.#over) guest.kill();
    });
    this.#notePeak();
    this.#reportInit(outcome);
    return outcome;
  }

  #reportInit(outcome: InitOutcome): void {
    for (const { name, events } of this.#guest?.api.extensions?.describe() ?? []) {
      if (outcome.kind === 'ready') this.#platform.extensionReady(name, events);
    }
    this.#platform.initEnds(outcome, this.#phase);
  }

  #heard(message: string, source: 'function' | 'extension'): void {
    this.#platform.telemetry?.emit(source, message.replace(/\n$/, ''));
    if (source === 'function' && !this.#options.keepsLine(message)) return;
    this.#log.append(message);
    if (this.#running > 0 || this.#flushPlanned) return;
    // Nobody will flush what is written outside of an invocation.
    this.#flushPlanned = true;
    setImmediate(() => {
      this.#flushPlanned = false;
      this.#log.flush();
    });
  }

  #processEnded(guest: Guest): void {
    this.#notePeak();
    if (this.#guest !== guest) return;
    this.#guest = undefined;
    // A failed init may be repeated by the next invocation; any other end is the end.
    if (this.#init?.kind === 'ready') this.end();
    else this.#settleGone();
  }

  /** The kernel is asked only now and then: it takes longer than a short invocation. */
  #notePeakNow(): void {
    if (performance.now() - this.#peakNotedAt > PEAK_CHECK_MS) this.#notePeak();
  }

  #notePeak(): void {
    if (this.#guest === undefined) return;
    this.#peakNotedAt = performance.now();
    this.#peakMb = Math.max(this.#peakMb, this.#guest.memory.peakMb());
  }

  #settleGone(): void {
    if (!this.#over || this.#guest !== undefined || this.#running > 0) return;
    this.#log.flush();
    this.#announceGone();
  }

  /** AWS: after a failed init the next invocation repeats it, within the function's timeout. */
  async #repeatInit(invocation: FunctionInvocation): Promise<Outcome | undefined> {
    const { requestId } = invocation;
    const { timeoutMs } = this.#definition;
    const outcome = await this.#initialise(this.isDebugged ? LONGEST_MS : timeoutMs);
    this.#init = outcome;
    this.#initReported = true;
    if (outcome.kind === 'ready') return undefined;
    this.#platform.invocationStarts(requestId);
    if (outcome.status === 'timeout') {
      const failure = timedOut(requestId, timeoutMs, this.#options.nowMs());
      return { kind: 'platform', failure, fatal: true };
    }
    if (outcome.document !== undefined) {
      const errorType = outcome.errorType ?? 'Runtime.Unknown';
      return { kind: 'init-error', body: outcome.document, errorType };
    }
    return { kind: 'platform', failure: outcome.failure(requestId), fatal: true };
  }

  /** Hands the invocation over and waits for its outcome; frees the environment when both are done. */
  #serve(invocation: FunctionInvocation, startedAt: number): Promise<Outcome> {
    const guest = this.#guest;
    const { requestId } = invocation;
    if (guest === undefined) {
      const failure = runtimeExited(requestId, { kind: 'signal', signal: 'SIGKILL' });
      return Promise.resolve({ kind: 'platform', failure, fatal: true });
    }
    this.#ready = false;
    this.#wake(guest);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        // What the function wrote before it answered is read in this turn of the event loop.
        setImmediate(() => resolve(outcome));
      };
      const stop = (failure: PlatformFailure): void => {
        this.#stopWatching();
        this.#notePeak();
        guest.shutDown(failure.status === 'timeout' ? 'timeout' : 'failure');
        void guest.ended.then(() => settle({ kind: 'platform', failure, fatal: true }));
      };
      this.#watch(guest, requestId, startedAt, stop);
      guest.api.events = {
        responded: (body, bytes, streamed) => settle(judgeResponse(body, bytes, streamed)),
        failed: (body) => settle({ kind: 'function-error', body }),
        ready: () => {
          this.#ready = true;
          this.#freeIfDone();
        },
        initFailed() {},
        extensionFailed: ({ errorType, message }) => stop(extensionFailed(requestId, errorType, message)),
      };
      const settleAtExit = async (): Promise<void> => {
        const failure = runtimeExited(requestId, await guest.ended);
        this.#stopWatching();
        // After a `stop`, whose own wait for the end is shorter, this changes nothing any more.
        setImmediate(() => settle({ kind: 'platform', failure, fatal: true }));
      };
      void settleAtExit();
      this.#deliver(guest, invocation);
    });
  }

  /** Free once the answer is written down and the runtime asks for more. */
  #freeIfDone(): void {
    const guest = this.#guest;
    if (this.#running > 0 || !this.#ready || this.#over || guest === undefined) return;
    this.#stopWatching();
    guest.api.events = NO_EVENTS;
    this.freeSince = performance.now();
    if (!this.#options.isDebugged) this.#freezeSoon();
    this.#options.onFree(this);
  }

  #freezeSoon(): void {
    this.#freezer ??= setTimeout(() => this.#freeze(), FREEZE_AFTER_MS).unref();
    this.#freezer.refresh();
  }

  /** AWS: nothing runs between invocations. Not at once: the next one may be on its way already. */
  #freeze(): void {
    if (this.#running > 0 || this.#over || !this.#ready) return;
    this.#frozen = true;
    this.#guest?.freeze();
  }

  #wake(guest: Guest): void {
    if (!this.#cpuLimited) {
      // AWS: init has the whole processor, handlers have a share.
      this.#cpuLimited = true;
      if (this.#options.boundsCpu) guest.layout.group?.limitCpu(this.#definition.memoryMb);
    }
    if (!this.#frozen) return;
    this.#frozen = false;
    guest.thaw();
  }

  #deliver(guest: Guest, invocation: FunctionInvocation): void {
    const { usesCloudTime, nowMs } = this.#options;
    const now = usesCloudTime ? nowMs() : Date.now();
    guest.api.deliver({
      ...invocation,
      deadlineMs: Math.round(now + this.#definition.timeoutMs),
      nowMs: usesCloudTime ? now : undefined,
    });
  }

  /** Calls `stop` when the invocation takes too long or too much memory; flushes logs meanwhile. */
  #watch(
    guest: Guest,
    requestId: string,
    startedAt: number,
    stop: (failure: PlatformFailure) => void,
  ): void {
    const { timeoutMs, memoryMb } = this.#definition;
    const leftMs = Math.max(0, timeoutMs - (performance.now() - startedAt));
    const timeout = this.#options.isDebugged
      ? undefined
      : setTimeout(() => stop(timedOut(requestId, timeoutMs, this.#options.nowMs())), leftMs);
    let checks = 0;
    const check = setInterval(() => {
      checks += 1;
      if (checks % CHECKS_PER_FLUSH === 0) this.#log.flush();
      if (guest.memory.currentMb() > memoryMb) stop(outOfMemory(requestId));
    }, MEMORY_CHECK_MS);
    this.#stopWatching = () => {
      clearTimeout(timeout);
      clearInterval(check);
    };
  }

  /** Writes END and REPORT and makes the result. */
  #finish(invocation: FunctionInvocation, startedAt: number, outcome: Outcome): FunctionResult {
    const { memoryMb, timeoutMs } = this.#definition;
    const failure = outcome.kind === 'platform' ? outcome.failure : undefined;
    const took = performance.now() - startedAt;
    const durationMs = failure?.status === 'timeout' ? timeoutMs : took;
    const before = this.#takeStartUp();
    // AWS: since August 2025 the init phase is billed too. AWS blog, "standardizes billing for INIT Phase"
    const billedDurationMs = Math.ceil(durationMs + (before.initDurationMs ?? 0));
    this.#notePeakNow();
    // AWS: never reported above the limit, also when crossing it ended the function.
    const maxMemoryMb = Math.min(this.#peakMb, memoryMb);
    const initError = outcome.kind === 'init-error' ? outcome.errorType : undefined;
    const figures = {
      requestId: invocation.requestId,
      durationMs,
      billedDurationMs,
      maxMemoryMb,
      ...before,
      status: initError === undefined ? failure?.status : 'error',
      errorType: initError ?? failure?.errorType,
    } as const;
    const bytes = bodyOf(outcome).byteLength;
    this.#platform.invocationEnds(figures, statusOf(outcome), { bytes, failure });
    const logTail = this.#log.tail();
    this.#log.flush();
    this.#running -= 1;
    // Only after the caller has its result.
    queueMicrotask(() => this.#freeIfDone());
    if (isFatal(outcome) || this.#over) this.end('failure');
    const { initDurationMs, restoreDurationMs } = before;
    return {
      payload: bodyOf(outcome),
      ...(outcome.kind === 'response' ? {} : { error: 'Unhandled' as const }),
      logTail,
      durationMs,
      billedDurationMs,
      ...(initDurationMs === undefined ? {} : { initDurationMs }),
      ...(restoreDurationMs === undefined ? {} : { restoreDurationMs }),
      maxMemoryMb,
    };
  }

  /** What the first REPORT says of how the environment came to be; a repeated init is left out. */
  #takeStartUp(): StartUp {
    const init = this.#init;
    const isNew = !this.#initReported && init?.kind === 'ready';
    this.#initReported = true;
    if (!isNew) return {};
    if (!this.#isRestored) return { initDurationMs: init.durationMs };
    const billedRestoreDurationMs = Math.ceil(init.durationMs);
    return { restoreDurationMs: init.durationMs, billedRestoreDurationMs };
  }

  get #isRestored(): boolean {
    return this.#options.initializationType === 'snap-start';
  }

  get #phase(): 'init' | 'invoke' {
    return this.#running > 0 ? 'invoke' : 'init';
  }
}

interface StartUp {
  readonly initDurationMs?: number;
  readonly restoreDurationMs?: number;
  readonly billedRestoreDurationMs?: number;
}

/** Calls `onStart` when the response begins to stream. */
function watchStream(invocation: FunctionInvocation, onStart: () => void): FunctionInvocation {
  const { stream } = invocation;
  if (stream === undefined) return invocation;
  const start: ResponseSink['start'] = (head) => {
    onStart();
    stream.start(head);
  };
  return { ...invocation, stream: { start, write: (chunk) => stream.write(chunk) } };
}
