// The engine: runs functions in execution environments. Knows definitions and archives, no AWS API.
import { totalmem } from 'node:os';
import type { FunctionDefinition, FunctionRunner } from '../base/function-runner.ts';
import { findRuntimeIdentifier } from '../base/runtime-identifiers.ts';
import { inspectArchive } from './code/archive.ts';
import { type EngineParts, openParts } from './engine-parts.ts';
import type { EngineOptions } from './engine-options.ts';
import type { IsolationReport } from './isolation/isolation-report.ts';
import { ExecutionEnvironment } from './execution-environment.ts';
import { measureShortageMb } from './least-useful.ts';
import { createLevelFilter } from './logs/level-filter.ts';
import { describeRuntime, logStreamName } from './logs/stream-name.ts';
import { createStreamLog } from './logs/stream-log.ts';
import { type EnvironmentEvents, Router } from './router.ts';
import { hasOwnClient } from './runtimes/runtime.ts';
import { fetchRuntime, startRuntime } from './start-runtime.ts';

export interface Engine extends FunctionRunner {
  /**
   * How functions are kept apart here. Opens what the first invocation would. Rejects with
   * FunctionUnavailable where a sandbox or a network was asked for that cannot be had.
   */
  describeIsolation(): Promise<IsolationReport>;
}

/** Costs nothing until the first invocation: no file, no process. */
export function createEngine(options: EngineOptions): Engine {
  const onNotice = options.onNotice ?? (() => {});
  let parts: Promise<EngineParts> | undefined;
  const open = (): Promise<EngineParts> => {
    if (parts === undefined) {
      parts = openParts(options, onNotice);
      // What is missing may be installed meanwhile.
      parts.catch(() => (parts = undefined));
    }
    return parts;
  };
  const router = new Router({
    maxConcurrency: options.maxConcurrency ?? defaultConcurrency(),
    idleTimeoutMs: options.idleTimeoutMs ?? 300_000,
    create: (definition, events, provisioned) =>
      createEnvironment({ options, open, definition, events, provisioned }),
    shortageMb: options.shortageMb ?? measureShortageMb,
    mostOf: ({ name }) => (options.debug?.(name) === undefined ? undefined : 1),
  });

  return {
    allowsDeprecatedRuntimes: options.allowDeprecatedRuntimes === true,
    async describeIsolation() {
      const { isolation } = await open();
      return isolation;
    },
    inspectArchive,
    invoke: (definition, invocation) => router.invoke(definition, invocation),
    provision: (definition, count) => router.provision(definition, count),
    snapshot: async (definition) => (await open()).snapshots.make(definition),
    async retire(key) {
      router.retire(key);
      (await parts)?.snapshots.retire(key);
    },
    async close() {
      await router.close();
      await (await parts?.catch(() => undefined))?.close();
    },
  };
}

/** An idle Node.js takes about 40 MB resident, a part of it shared. */
function defaultConcurrency(): number {
  return Math.min(1000, Math.max(16, Math.floor(totalmem() / 2 ** 26)));
}

interface NewEnvironment {
  readonly options: EngineOptions;
  readonly open: () => Promise<EngineParts>;
  readonly definition: FunctionDefinition;
  readonly events: EnvironmentEvents;
  readonly provisioned: boolean;
}

function createEnvironment(given: NewEnvironment): ExecutionEnvironment {
  const { options, open, definition, events, provisioned } = given;
  const nowMs = options.cloudNowMs ?? Date.now;
  const streamName = logStreamName(nowMs(), definition.version, options.random);
  const family = findRuntimeIdentifier(definition.runtime)?.family ?? 'provided';
  const isForeign = !hasOwnClient(family) || options.runtimeClients?.[definition.runtime] !== undefined;
  const onDemand = definition.snapStart === true ? 'snap-start' : 'on-demand';
  const initializationType = provisioned ? 'provisioned-concurrency' : onDemand;
  const debug = provisioned ? undefined : options.debug?.(definition.name);
  const start = { definition, logStreamName: streamName, initializationType, debug } as const;
  return new ExecutionEnvironment({
    definition,
    log: createStreamLog({
      definition,
      streamName,
      sink: options.logs,
      nowMs,
      track: options.track ?? ((work) => void work.catch(() => {})),
    }),
    runtimeVersion: describeRuntime(definition),
    initializationType,
    keepsLine: isForeign ? createLevelFilter(definition.logging) : () => true,
    isDebugged: debug !== undefined,
    boundsCpu: options.cpuByMemory ?? true,
    usesCloudTime: options.cloudNowMs !== undefined && !isForeign,
    nowMs,
    fetchRuntime: async () => fetchRuntime(await open(), definition),
    startRuntime: async () => startRuntime(options, await open(), start),
    ...events,
  });
}
