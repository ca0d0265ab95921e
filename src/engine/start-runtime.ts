// Gets a runtime process that knows its function: one booted ahead, or a new one.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { FunctionDefinition } from '../base/function-runner.ts';
import { describeFunction, pythonPath } from './assignment.ts';
import type { CodeTree } from './code/code-trees.ts';
import { listPrograms } from './code/extension-programs.ts';
import { providedPackageOf } from './code/python-sdk.ts';
import type { EngineParts } from './engine-parts.ts';
import type { DebugOptions, EngineOptions } from './engine-options.ts';
import {
  buildEnvironment,
  type InitializationType,
  needsEnvironmentAtStart,
} from './environment-variables.ts';
import type { InnerLayout } from './isolation/isolation.ts';
import { Extensions } from './runtime-api/extensions-api.ts';
import { createTelemetry } from './runtime-api/telemetry.ts';
import type { Guest } from './runtimes/guest.ts';
import type { BootRequest, Launcher } from './runtimes/launcher.ts';
import { startContainer } from './start-container.ts';
import { hasOwnClient, type Runtime } from './runtimes/runtime.ts';

export interface StartRequest {
  readonly definition: FunctionDefinition;
  readonly logStreamName: string;
  readonly initializationType: InitializationType;
  readonly debug: DebugOptions | undefined;
}

/** A runtime that is missing is fetched, an image pulled. */
export async function fetchRuntime({ containers, runtimes }: EngineParts, definition: FunctionDefinition): Promise<void> {
  const { image, runtime } = definition;
  if (image === undefined) await runtimes.find(runtime);
  else await containers.fetch(image.uri);
}

export async function startRuntime(
  options: EngineOptions,
  parts: EngineParts,
  request: StartRequest,
): Promise<Guest> {
  const port = request.debug?.port;
  if (port === undefined) return start(options, parts, request);
  // An environment of the code before may still have the port.
  await parts.debugged.get(port);
  const guest = await start(options, parts, request);
  parts.debugged.set(port, guest.ended);
  return guest;
}

async function start(
  options: EngineOptions,
  parts: EngineParts,
  { definition, logStreamName, initializationType, debug }: StartRequest,
): Promise<Guest> {
  if (initializationType === 'snap-start') return parts.snapshots.restore(definition);
  const { image } = definition;
  if (image !== undefined) {
    const place = { definition: { ...definition, image }, logStreamName, initializationType };
    return startContainer(options, parts.containers, place);
  }
  const [runtime, tree] = await Promise.all([
    parts.runtimes.find(definition.runtime),
    parts.trees.prepare(definition),
  ]);
  const { launcher } = parts;
  const { memoryMb, ephemeralStorageMb, handler } = definition;
  const endpoint = launcher.isolation.endpoint(options.endpoint());
  const settings = { definition, runtime, logStreamName, endpoint, initializationType };
  const command = options.runtimeClients?.[definition.runtime];
  const programs = listPrograms(tree);
  const newExtensions = (): Extensions =>
    new Extensions({
      programs,
      functionName: definition.name,
      functionVersion: definition.version,
      handler,
      account: definition.account,
      telemetry: createTelemetry(options.cloudNowMs ?? Date.now),
    });
  const complete = (inner: InnerLayout, runtimeApi: string): Record<string, string> =>
    buildEnvironment({ ...settings, ...inner, runtimeApi });
  if (!hasOwnClient(runtime.family) || command !== undefined) {
    return launcher.bootForeign({
      runtime,
      memoryMb,
      ephemeralStorageMb,
      tree,
      command,
      handler,
      complete,
      extensions: newExtensions(),
    });
  }
  // A wrapper script may start an extension of its own, inside the runtime.
  const hasExtensions = programs.length > 0 || 'AWS_LAMBDA_EXEC_WRAPPER' in definition.environment;
  const atStart = {
    ...(hasExtensions || needsEnvironmentAtStart(definition, tree) ? { complete } : {}),
    ...(hasExtensions ? { extensions: newExtensions() } : {}),
  };
  const preload = bringsOwnSdk(tree, runtime) ? [] : (parts.preloads.get(definition.arn) ?? []);
  const request = { runtime, memoryMb, ephemeralStorageMb, tree, preload, ...atStart };
  const guest = await attachCode(await parts.standby.take(request), request, launcher);
  guest.layout.group?.limitMemory(memoryMb, ephemeralStorageMb);
  const inner = launcher.isolation.inner({ ...guest.layout, tree });
  const runtimeApi = inner.socketPath ?? guest.api.address;
  // Under a virtual clock modules loaded before the clock is in place would keep the real one.
  if (options.cloudNowMs === undefined) {
    guest.api.onLoaded = (packages) => parts.preloads.set(definition.arn, packages);
  }
  guest.api.assign({
    ...describeFunction({ env: complete(inner, runtimeApi), inner, tree, runtime, isolation: launcher.isolation }),
    keepsEnvironment: 'complete' in atStart,
    nowMs: options.cloudNowMs?.(),
    debug: await describeDebugger(debug, runtime, options.onNotice),
  });
  return guest;
}

/** What our own runtimes open a debugger with. */
async function describeDebugger(
  debug: DebugOptions | undefined,
  runtime: Runtime,
  onNotice: ((message: string) => void) | undefined,
): Promise<{ port: number; wait: boolean; path?: string | undefined } | undefined> {
  if (debug === undefined) return undefined;
  const { port, wait = false } = debug;
  if (runtime.family !== 'python') return { port, wait };
  const path = await findPythonPackage(runtime.executable, 'debugpy');
  if (path === undefined) {
    const { executable } = runtime;
    onNotice?.(`the debugger of ${runtime.id} is missing unless the function brings it: ${executable} -m pip install debugpy`);
  }
  return { port, wait, path };
}

/** The folder an interpreter of this machine has the package in. */
function findPythonPackage(executable: string, name: string): Promise<string | undefined> {
  const script = 'import importlib.util as u, os, sys; s = u.find_spec(sys.argv[1]); s and print(os.path.dirname(os.path.dirname(s.origin)))';
  return new Promise((resolve) => {
    execFile(executable, ['-c', script, name], { timeout: 20_000 }, (error, stdout) => {
      const folder = stdout.trim();
      resolve(error === null && folder !== '' ? folder : undefined);
    });
  });
}

/** Python finds modules by name: one loaded before the code is there would hide the code's own. */
function bringsOwnSdk(tree: CodeTree, runtime: Runtime): boolean {
  if (runtime.family !== 'python') return false;
  const { first } = pythonPath(tree, runtime, undefined);
  return first.some((folder) => {
    try {
      return readdirSync(folder).some((name) => providedPackageOf(name) !== undefined);
    } catch {
      return false;
    }
  });
}

/** One booted ahead that cannot be given its code is replaced. */
async function attachCode(
  guest: Guest,
  request: BootRequest & { readonly tree: CodeTree },
  launcher: Launcher,
): Promise<Guest> {
  try {
    await launcher.isolation.attach(guest.layout, request.tree);
    return guest;
  } catch {
    guest.kill();
    return launcher.boot(request);
  }
}
