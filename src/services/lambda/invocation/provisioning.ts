// Provisioned concurrency: brings the engine's kept environments in line with what was asked for.
import { FunctionUnavailable } from '../../../base/function-runner.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import { type Scope, type WorkContext, localSlot } from '../../../kernel/context.ts';
import { accountUse } from './account-use.ts';
import { listProvisioned } from './concurrency-total.ts';
import { type DefinedFunction, defineFunction, nextCredentialsMs } from '../function-definition.ts';
import { isVersion } from '../function-reference.ts';
import {
  type FunctionVersion,
  PER_FUNCTION_MAX,
  type ProvisionedRecord,
  STANDING_TOPIC,
  aliases,
  functionKey,
  provisioned,
  versions,
} from '../store.ts';

/** Functions with provisioned concurrency are found within this bound. */
const CONFIGS_MAX = PER_FUNCTION_MAX * 10;

interface Applied {
  readonly defined: DefinedFunction;
  readonly count: number;
}

/** What the engine keeps, by function and version; nothing is kept after a restart. */
const kept = localSlot(() => new Map<string, { applied: Map<string, Applied>; step: Promise<void> }>());

/** The engine is brought in line as soon as the transaction has committed. */
export function scheduleProvisioning(
  tx: Tx,
  context: WorkContext,
  { scope, name, dueMs }: { readonly scope: Scope; readonly name: string; readonly dueMs: number },
): void {
  const { account, region } = scope;
  const when = dueMs > context.clock.now() ? 'renew' : 'change';
  const id = `${account}/${region}/${name}/${when}`;
  context.timers.schedule(tx, { account, region }, { worker: 'lambda/provision', id, dueMs, payload: { name } });
}

/** Runs once at start: what was provisioned is provisioned again. */
export async function startProvisioning(context: WorkContext): Promise<void> {
  const rows = await context.store.read((view) => provisioned.list(view, [], { limit: CONFIGS_MAX }));
  for (const { key, value } of rows) {
    const [account, region, name] = key.map(String) as [string, string, string];
    await context.store.transact(async (tx) => {
      if ((await provisioned.get(tx, key)) === undefined) return;
      provisioned.put(tx, key, { ...value, status: 'IN_PROGRESS', allocated: 0 });
      scheduleProvisioning(tx, context, { scope: { account, region }, name, dueMs: context.clock.now() });
    });
  }
}

/** The worker behind `lambda/provision`: one function at a time, as steps build on each other. */
export async function provision(payload: unknown, context: WorkContext): Promise<void> {
  const { name } = payload as { readonly name: string };
  const all = context.local(kept);
  const key = functionKey(context, name).join('/');
  const entry = all.get(key) ?? { applied: new Map<string, Applied>(), step: Promise.resolve() };
  all.set(key, entry);
  const mine = entry.step.then(() => bringInLine(name, entry.applied, context));
  const settled = mine.catch(() => {});
  entry.step = settled;
  await mine;
  // Unless another step waits for this one.
  if (entry.applied.size === 0 && entry.step === settled) all.delete(key);
}

/** What is to be kept of a version, and for which configurations. */
interface Wanted {
  readonly version: FunctionVersion;
  count: number;
  readonly configs: ProvisionedRecord[];
}

async function bringInLine(
  name: string,
  applied: Map<string, Applied>,
  context: WorkContext,
): Promise<void> {
  const wanted = await context.store.read((view) => readWanted(view, context, name));
  const use = accountUse(context, context).ofFunction(name);
  for (const [version, { defined }] of applied) {
    if (wanted.has(version)) continue;
    await context.ports.functions.provision(defined.definition, 0);
    applied.delete(version);
  }
  const failures = new Map<ProvisionedRecord, string>();
  for (const [version, { version: stored, count, configs }] of wanted) {
    const failure = await keep(stored, { count, before: applied.get(version), context });
    if (failure === undefined) {
      const defined = await defineFunction(context, stored, context);
      applied.set(version, { defined, count });
    } else {
      applied.delete(version);
      for (const config of configs) failures.set(config, failure);
    }
  }
  use.setProvisioned(new Map([...applied].map(([version, { count }]) => [version, count])));
  await settle(name, { wanted, failures }, context);
}

interface Keeping {
  readonly count: number;
  readonly before: Applied | undefined;
  readonly context: WorkContext;
}

/** Why it could not be done; undefined when the environments are ready. */
async function keep(
  version: FunctionVersion,
  { count, before, context }: Keeping,
): Promise<string | undefined> {
  const { functions } = context.ports;
  const { definition } = await defineFunction(context, version, context);
  try {
    await functions.provision(definition, count);
    return undefined;
  } catch (error) {
    if (!(error instanceof FunctionUnavailable)) throw error;
    await functions.provision(definition, 0);
    // AWS: a function whose init fails is named so; what only this machine lacks speaks for itself.
    return error.reason === 'FUNCTION_ERROR_INIT_FAILURE' ? error.reason : error.message;
  } finally {
    // New credentials make a new definition: its environments are there before the old ones go.
    const old = before?.defined.definition;
    if (old !== undefined && old.key !== definition.key) await functions.provision(old, 0);
  }
}

interface Outcome {
  readonly wanted: ReadonlyMap<string, Wanted>;
  readonly failures: ReadonlyMap<ProvisionedRecord, string>;
}

async function settle(
  name: string,
  { wanted, failures }: Outcome,
  context: WorkContext,
): Promise<void> {
  const seen = new Set([...wanted.values()].flatMap(({ configs }) => configs));
  await context.store.transact(async (tx) => {
    tx.notify(STANDING_TOPIC);
    for (const config of seen) {
      const key = [...functionKey(context, name), config.qualifier];
      const current = await provisioned.get(tx, key);
      // Changed meanwhile: the change has scheduled a step of its own.
      if (current?.lastModified !== config.lastModified || current.requested !== config.requested) continue;
      const statusReason = failures.get(config);
      const { statusReason: _before, ...rest } = current;
      provisioned.put(
        tx,
        key,
        statusReason === undefined
          ? { ...rest, status: 'READY', allocated: current.requested }
          : { ...rest, status: 'FAILED', allocated: 0, statusReason },
      );
    }
    if (seen.size === 0) return;
    const dueMs = nextCredentialsMs(context.clock.now());
    scheduleProvisioning(tx, context, { scope: context, name, dueMs });
  });
}

/** Environments by version. An alias with weights shares its own out by them. */
async function readWanted(view: ReadTx, scope: Scope, name: string): Promise<Map<string, Wanted>> {
  const wanted = new Map<string, Wanted>();
  for (const config of await listProvisioned(view, scope, name)) {
    for (const [number, count] of await sharesOf(view, scope, { name, config })) {
      const version = await versions.get(view, [...functionKey(scope, name), Number(number)]);
      if (version === undefined) continue;
      const entry = wanted.get(number) ?? { version, count: 0, configs: [] };
      entry.count += count;
      entry.configs.push(config);
      wanted.set(number, entry);
    }
  }
  return wanted;
}

async function sharesOf(
  view: ReadTx,
  scope: Scope,
  { name, config }: { readonly name: string; readonly config: ProvisionedRecord },
): Promise<readonly (readonly [string, number])[]> {
  const { qualifier, requested } = config;
  if (isVersion(qualifier)) return [[qualifier, requested]];
  const alias = await aliases.get(view, [...functionKey(scope, name), qualifier]);
  if (alias === undefined) return [];
  const [additional] = Object.entries(alias.weights);
  if (additional === undefined) return [[alias.functionVersion, requested]];
  const [version, weight] = additional;
  const share = Math.round(requested * weight);
  return [
    [alias.functionVersion, requested - share],
    [version, share],
  ];
}
