// Provisioned concurrency of versions and aliases: put, get, list, delete.
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { concurrencySetAside, keepingTotal, listProvisioned } from '../invocation/concurrency-total.ts';
import {
  aliasNotFound,
  functionNotFound,
  invalidParameter,
  provisionedConfigNotFound,
  provisionedOverlap,
} from '../errors.ts';
import { type FunctionReference, functionArn, isVersion, parseFunctionReference } from '../function-reference.ts';
import { CONCURRENT_EXECUTIONS, UNRESERVED_CONCURRENCY_MIN } from '../limits.ts';
import { pageOf } from '../page.ts';
import { lambdaTimestamp } from '../present.ts';
import { scheduleProvisioning } from '../invocation/provisioning.ts';
import { snapStartExcludes } from '../rules.ts';
import {
  type AliasRecord,
  type FunctionRecord,
  type ProvisionedRecord,
  aliases,
  functionKey,
  getFunction,
  listAliases,
  provisioned,
  versions,
} from '../store.ts';

type ConfigOutput = OutputOf<'lambda', 'GetProvisionedConcurrencyConfig'>;

export async function putProvisionedConcurrencyConfig(
  input: InputOf<'lambda', 'PutProvisionedConcurrencyConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutProvisionedConcurrencyConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const { scope, name, qualifier = '$LATEST' } = reference;
  const requested = input.ProvisionedConcurrentExecutions ?? 0;
  if (qualifier === '$LATEST') throw unpublished();
  const config = await context.store.transact((tx) =>
    keepingTotal(tx, scope, {
      name,
      change: async () => {
        const target = await requireTarget(tx, reference);
        await checkRoom(tx, reference, { record: target.record, requested });
        await checkTarget(tx, reference, target);
        const key = [...functionKey(scope, name), qualifier];
        const previous = await provisioned.get(tx, key);
        const made: ProvisionedRecord = {
          qualifier,
          requested,
          allocated: previous?.allocated ?? 0,
          status: 'IN_PROGRESS',
          lastModified: lambdaTimestamp(context.nowMs),
        };
        provisioned.put(tx, key, made);
        scheduleProvisioning(tx, context, { scope, name, dueMs: context.nowMs });
        return made;
      },
    }),
  );
  return present(config);
}

export async function getProvisionedConcurrencyConfig(
  input: InputOf<'lambda', 'GetProvisionedConcurrencyConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const reference = readReference(input, context);
  return context.store.read(async (view) => {
    await requireTarget(view, reference);
    const config = await provisioned.get(view, configKey(reference));
    if (config === undefined) throw provisionedConfigNotFound();
    return present(config);
  });
}

export async function deleteProvisionedConcurrencyConfig(
  input: InputOf<'lambda', 'DeleteProvisionedConcurrencyConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteProvisionedConcurrencyConfig'>> {
  const reference = readReference(input, context);
  await context.store.transact(async (tx) => {
    await requireTarget(tx, reference);
    await dropProvisioned(tx, context, reference);
  });
  return {};
}

export async function listProvisionedConcurrencyConfigs(
  input: InputOf<'lambda', 'ListProvisionedConcurrencyConfigs'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListProvisionedConcurrencyConfigs'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const configs = await context.store.read(async (view) => {
    if ((await getFunction(view, scope, name)) === undefined) throw functionNotFound(functionArn(scope, name));
    return listProvisioned(view, scope, name);
  });
  const { items, next } = pageOf(configs, input);
  return {
    ProvisionedConcurrencyConfigs: items.map((config) => ({
      FunctionArn: functionArn(scope, name, config.qualifier),
      ...present(config),
    })),
    ...next,
  };
}

/** Takes the configuration of a version or alias away, if there is one. */
export async function dropProvisioned(
  tx: Tx,
  context: RequestContext,
  reference: FunctionReference,
): Promise<void> {
  const { scope, name } = reference;
  const key = configKey(reference);
  if ((await provisioned.get(tx, key)) === undefined) return;
  await keepingTotal(tx, scope, { name, change: async () => provisioned.delete(tx, key) });
  scheduleProvisioning(tx, context, { scope, name, dueMs: context.nowMs });
}

/** An alias moves to other versions, and its provisioned environments with it. */
export async function moveProvisioned(
  tx: Tx,
  context: RequestContext,
  { reference, alias }: { readonly reference: FunctionReference; readonly alias: AliasRecord },
): Promise<void> {
  const { scope, name } = reference;
  const key = [...functionKey(scope, name), alias.name];
  const config = await provisioned.get(tx, key);
  if (config === undefined) return;
  await checkAliasTarget(tx, reference, alias);
  provisioned.put(tx, key, { ...config, status: 'IN_PROGRESS', allocated: 0 });
  scheduleProvisioning(tx, context, { scope, name, dueMs: context.nowMs });
}

function readReference(
  input: { readonly FunctionName?: string | undefined; readonly Qualifier?: string | undefined },
  context: RequestContext,
): FunctionReference {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  if (reference.qualifier !== '$LATEST') return reference;
  throw invalidParameter('The function resource provided must be an alias or a published version.');
}

function configKey({ scope, name, qualifier = '' }: FunctionReference): readonly string[] {
  return [...functionKey(scope, name), qualifier];
}

interface Target {
  readonly record: FunctionRecord;
  /** Absent: the qualifier is a version. */
  readonly alias?: AliasRecord;
}

async function requireTarget(view: ReadTx, reference: FunctionReference): Promise<Target> {
  const { scope, name, qualifier = '' } = reference;
  const record = await getFunction(view, scope, name);
  const arn = functionArn(scope, name, qualifier);
  const key = functionKey(scope, name);
  if (isVersion(qualifier)) {
    const found = record && (await versions.get(view, [...key, Number(qualifier)]));
    if (record === undefined || found === undefined) throw functionNotFound(arn);
    return { record };
  }
  const alias = record && (await aliases.get(view, [...key, qualifier]));
  if (record === undefined || alias === undefined) throw aliasNotFound(arn);
  return { record, alias };
}

/** Messages recorded: localstack provider and test_lambda_provisioned_concurrency_limits. */
async function checkRoom(
  view: ReadTx,
  { scope, name, qualifier }: FunctionReference,
  { record, requested }: { readonly record: FunctionRecord; readonly requested: number },
): Promise<void> {
  const configs = await listProvisioned(view, scope, name);
  const sum = (each: readonly ProvisionedRecord[]): number => each.reduce((total, one) => total + one.requested, 0);
  const others = sum(configs.filter((config) => config.qualifier !== qualifier));
  const { reservedConcurrency } = record;
  if (reservedConcurrency !== undefined && reservedConcurrency < others + requested) {
    throw invalidParameter(
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    );
  }
  if (requested > CONCURRENT_EXECUTIONS) {
    throw invalidParameter(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${CONCURRENT_EXECUTIONS}].`,
    );
  }
  if (reservedConcurrency !== undefined) return;
  const elsewhere = (await concurrencySetAside(view, scope)) - sum(configs) + others;
  if (CONCURRENT_EXECUTIONS - elsewhere - requested < UNRESERVED_CONCURRENCY_MIN) {
    throw invalidParameter(
      `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_CONCURRENCY_MIN}].`,
    );
  }
}

/** What is provisioned is a published version without SnapStart, and provisioned once. */
async function checkTarget(
  view: ReadTx,
  reference: FunctionReference,
  { alias }: Target,
): Promise<void> {
  const { scope, name, qualifier = '' } = reference;
  if (alias !== undefined) return checkAliasTarget(view, reference, alias);
  await checkNoSnapStart(view, reference, qualifier);
  for (const other of await listAliases(view, scope, name)) {
    if (other.functionVersion !== qualifier && !(qualifier in other.weights)) continue;
    if ((await provisioned.get(view, [...functionKey(scope, name), other.name])) !== undefined) {
      throw provisionedOverlap('Version is pointed by a Provisioned Concurrency alias');
    }
  }
}

async function checkAliasTarget(
  view: ReadTx,
  reference: FunctionReference,
  { functionVersion, weights }: AliasRecord,
): Promise<void> {
  const { scope, name } = reference;
  if (functionVersion === '$LATEST') throw unpublished();
  for (const version of [functionVersion, ...Object.keys(weights)]) {
    await checkNoSnapStart(view, reference, version);
    if ((await provisioned.get(view, [...functionKey(scope, name), version])) !== undefined) {
      throw provisionedOverlap(
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
      );
    }
  }
}

async function checkNoSnapStart(
  view: ReadTx,
  { scope, name }: FunctionReference,
  version: string,
): Promise<void> {
  const stored = await versions.get(view, [...functionKey(scope, name), Number(version)]);
  if (stored?.snapStart === true) throw snapStartExcludes('Provisioned Concurrency');
}

function unpublished(): ReturnType<typeof invalidParameter> {
  return invalidParameter(
    'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
  );
}

function present({ requested, allocated, status, statusReason, lastModified }: ProvisionedRecord): ConfigOutput {
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: allocated,
    AllocatedProvisionedConcurrentExecutions: allocated,
    Status: status,
    LastModified: lastModified,
    ...(statusReason === undefined ? {} : { StatusReason: statusReason }),
  };
}
