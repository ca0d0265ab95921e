// What an engine can be told when it is made.
import type { Socket } from 'node:net';
import type { LogSink } from '../base/function-runner.ts';
import type { Random } from '../base/random.ts';

export interface EngineOptions {
  /** Unpacked code (kept, for the next start) and files of running environments. Created on use. */
  readonly workDir: string;
  readonly logs: LogSink;
  /** Present: the cloud's time is virtual, and functions must see it. */
  readonly cloudNowMs?: () => number;
  /** The cloud's address, for AWS_ENDPOINT_URL. */
  readonly endpoint: () => string;
  readonly random: Random;
  /** Default `auto`: the strongest that works here. */
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  /**
   * `cloud`: functions reach the cloud's endpoint and nothing else, not even one another; only the
   * sandbox can do that, and without it no function runs. Default `open`: the machine's network.
   */
  readonly network?: 'cloud' | 'open';
  /** Takes connections of functions to the cloud with network `cloud`. Default: relayed to `endpoint`. */
  readonly takeConnection?: (socket: Socket) => void;
  /** Most environments at a time. Default: by memory, at most 1,000. */
  readonly maxConcurrency?: number;
  /** How much memory the machine is short of, MB: idle environments end for it. Default: as Linux tells. */
  readonly shortageMb?: () => number;
  /** An environment unused for so long ends. Default 5 minutes. */
  readonly idleTimeoutMs?: number;
  /** What the operator should know, e.g. that another version runs a runtime. */
  readonly onNotice?: (message: string) => void;
  /** Told of every delivery of log lines under way, so that a cloud knows when it is quiet. */
  readonly track?: (work: Promise<unknown>) => void;
  /** node_modules folders with the SDK that nodejs* provides. Default: those above the working directory. */
  readonly providedModules?: readonly string[];
  /** Runtimes kept booted ahead per kind, from its first use on. Default 2; 0 with a virtual clock. */
  readonly standbySize?: number;
  /** The command that runs container images. Default: `docker`, else `podman`. */
  readonly containerCommand?: string;
  /** Handlers get the processor by memory, 1769 MB for one vCPU, where control groups can. Default true. */
  readonly cpuByMemory?: boolean;
  /** Where fetched runtimes and SDKs are kept. Default: `cloudlet/runtimes` in the user's cache folder. */
  readonly runtimesFolder?: string;
  /** A runtime that is missing here is fetched on its first use, by npm or Maven. Default false. */
  readonly fetchRuntimes?: boolean;
  /** Functions may be made with runtimes that AWS no longer takes. Default false. */
  readonly allowDeprecatedRuntimes?: boolean;
  /** Node.js executables by major version, before those this machine is searched for. */
  readonly nodeExecutables?: Readonly<Record<string, string>>;
  /**
   * Commands that run a runtime instead of our own client, e.g.
   * `{ 'python3.12': ['python3.12', '-m', 'awslambdaric'] }`. The handler is their last argument.
   */
  readonly runtimeClients?: Readonly<Record<string, readonly string[]>>;
  /** Functions whose environments take a debugger, each at a port of its own; asked at every start. */
  readonly debug?: (functionName: string) => DebugOptions | undefined;
}

/**
 * Such a function has one environment on demand at a time; it is neither frozen nor ended for being idle, and no time
 * limit holds in it. nodejs* opens the inspector (as `node --inspect` does), python3.* needs debugpy.
 */
export interface DebugOptions {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Holds the function up, before its code is loaded, until a debugger is attached. Default false. */
  readonly wait?: boolean;
}
