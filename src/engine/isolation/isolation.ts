// How far a function is shut in: the interface of the drivers.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server, Socket } from 'node:net';
import type { CodeTree } from '../code/code-trees.ts';
import type { ControlGroup } from './control-groups.ts';
import type { Runtime } from '../runtimes/runtime.ts';

/** Where things of one environment are on the machine. */
export interface HostLayout {
  readonly runtime: Runtime;
  /** Unknown for a runtime booted ahead. */
  readonly tree: CodeTree | undefined;
  /** Private to the environment: holds `tmp`. */
  readonly folder: string;
  readonly ephemeralStorageMb: number;
  /** The Runtime API's socket; undefined when it is on TCP. */
  readonly socketPath: string | undefined;
  /** Folder of links to the SDK the runtime provides. */
  readonly providedFolder: string | undefined;
  readonly bytecodeFolder: string;
  /** What those links lead to, and what that needs: folders, and links to folders. */
  readonly providedSources: readonly string[];
  /** Bounds what the environment uses; undefined where that cannot be. */
  readonly group: ControlGroup | undefined;
  /** Undefined: it shares the machine's. */
  readonly network: EnvironmentNetwork | undefined;
  /** Present: environments are forked from it, and their sockets, pipes and code are in there. */
  readonly forkFolder?: string;
  /** Present: it was forked, and this process is the first behind its walls. */
  readonly supervisor?: number;
}

/** A network that only one environment has: its loopback, and the cloud at its port there. */
export interface EnvironmentNetwork {
  /** What nsenter opens to be in it. */
  readonly path: string;
  /** Where the Runtime API is, for programs that look for it on TCP. */
  readonly runtimeApi: { readonly server: Server; readonly address: string } | undefined;
  /** Connects to a program of the environment. */
  connect(port: number): Promise<Socket>;
  close(): void;
}

/** The same places as the function sees them. */
export interface InnerLayout {
  readonly tree: CodeTree;
  readonly workingDirectory: string;
  /** Undefined: /tmp itself is private. */
  readonly temporaryFolder: string | undefined;
  readonly socketPath: string | undefined;
  readonly providedFolder: string | undefined;
  readonly guestFolder: string;
  /** Where Python keeps compiled modules; undefined: nowhere. */
  readonly bytecodeFolder: string | undefined;
}

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly workingDirectory: string;
  /** Handed to the process from `LaunchRequest.nextDescriptor` on, then closed by whoever starts it. */
  readonly descriptors: readonly number[];
}

export interface LaunchRequest {
  /** In inner paths. */
  readonly argv: readonly string[];
  readonly layout: HostLayout;
  /** The first descriptor that is free in the new process. */
  readonly nextDescriptor: number;
}

/** What the process that forks is told; paths as it sees them. */
export interface ForkOrder {
  readonly socket: string;
  /** A named pipe. */
  readonly log: string;
  /** Undefined: no walls. */
  readonly walls?: ForkWalls;
  /** Without a /tmp of its own: the folders that stand for it, of the snapshot and of the environment. */
  readonly temporary?: readonly [from: string, to: string];
}

/** What the forked process puts up around itself, before it is given anything of a function. */
export interface ForkWalls {
  /** Of /tmp. */
  readonly sizeBytes: number;
  /** Whether what is in /tmp by now is taken along. */
  readonly keepsTemporary: boolean;
  /** Where it finds the Runtime API behind the walls. */
  readonly api: string;
  /** Whether it gets a network of its own. */
  readonly network: boolean;
  /** Covered in its /proc. */
  readonly secrets: readonly string[];
  /** A file with the filter of system calls. */
  readonly filter: string | undefined;
  readonly binds: readonly (readonly [source: string, target: string])[];
  readonly hidden: readonly string[];
}

export interface ForkedProcess {
  /** Leads the process group; all others end with it. */
  readonly supervisor: number;
  functionPid(): number | undefined;
}

export interface Forks {
  /** After the process that forks has booted. Rejects where its children could not be walled off. */
  prepare(zygotePid: number): Promise<void>;
  /** @param name of the environment's socket (`NAME.sock`), pipe (`NAME.log`) and folder below the zygote's. */
  order(zygote: HostLayout, layout: HostLayout, name: string): ForkOrder;
  /** The processes as the machine counts them. @param told the supervisor's id as it counts itself. */
  locate(zygotePid: number, told: number): ForkedProcess;
  openNetwork(supervisor: number): Promise<EnvironmentNetwork | undefined>;
}

export interface Isolation {
  readonly name: 'process' | 'sandbox';
  /** Whether a runtime can boot before its function is known; starts what that needs. */
  canBootAhead(): Promise<boolean>;
  /** Shows its code to an environment that booted ahead. */
  attach(layout: HostLayout, tree: CodeTree): Promise<void>;
  /** Whether environments booted ahead differ by the size of /tmp. */
  readonly boundsStorage: boolean;
  /** Absent where environments cannot be forked from another. */
  readonly forks?: Forks;
  inner(layout: HostLayout): InnerLayout;
  /** The interpreter as seen from inside. */
  executable(runtime: Runtime): string;
  /** The runtime's process, when it is not the one started; undefined while it is not there yet. */
  functionPid(pid: number): number | undefined;
  /** The signal that an exit code of the one started stands for, if it does. */
  signalOf(code: number): string | undefined;
  /** The command that runs `argv` inside. */
  launch(request: LaunchRequest): Launch;
  /** The network of a new environment; undefined where all share the machine's. */
  openNetwork(wants: { readonly runtimeApi: boolean }): Promise<EnvironmentNetwork | undefined>;
  /** The cloud's address as functions see it. */
  endpoint(outside: string): string;
  /** Whether a connection on the machine's loopback is from the environment whose process this is. */
  admits(socket: Socket, pid: number): boolean;
  /** Whether a program of that environment listens on this port of the machine's loopback. */
  listens(port: number, pid: number): boolean;
  close(): void;
}

/** The programs that run inside: `guest/` beside this module, or beside the bundle made of it. */
export const GUEST_FOLDER = findGuestFolder(dirname(fileURLToPath(import.meta.url)));

function findGuestFolder(here: string): string {
  for (let at = here; ; at = dirname(at)) {
    // The last two: bundles made for a moment elsewhere in the package, as the benchmark's is.
    for (const place of ['guest', 'dist/guest', 'src/engine/guest']) {
      if (existsSync(join(at, place, 'node-runtime.cjs'))) return join(at, place);
    }
    if (dirname(at) === at) return join(here, 'guest');
  }
}
