// Settings beside the code: reserved concurrency, async invocation config, tags, account figures.
import { parseArn } from '../../../base/arn.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  functionNotFound,
  invalidParameter,
  invokeConfigNotFound,
  mappingNotFound,
} from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import {
  CODE_STORAGE_BYTES_MAX,
  CONCURRENT_EXECUTIONS,
  UNRESERVED_CONCURRENCY_MIN,
  UNZIPPED_BYTES_MAX,
  ZIP_UPLOAD_BYTES_MAX,
} from '../limits.ts';
import { presentInvokeConfig } from '../present.ts';
import { resolveFunction } from '../resolve.ts';
import {
  type FunctionRecord,
  type InvokeConfig,
  PER_FUNCTION_MAX,
  functionKey,
  functions,
  getFunction,
  invokeConfigs,
  mappingTags,
  mappings,
} from '../store.ts';

/** Accounts hold at most this many functions in one listing for the sums below. */
const FUNCTIONS_MAX = 100_000;

export async function putFunctionConcurrency(
  input: InputOf<'lambda', 'PutFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutFunctionConcurrency'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const reserved = input.ReservedConcurrentExecutions ?? 0;
  await context.store.transact(async (tx) => {
    const record = await getFunction(tx, scope, name);
    if (record === undefined) throw functionNotFound(functionArn(scope, name));
    const all = await functions.list(tx, [scope.account, scope.region], { limit: FUNCTIONS_MAX });
    const others = all
      .filter((row) => row.value.latest.name !== name)
      .reduce((sum, row) => sum + (row.value.reservedConcurrency ?? 0), 0);
    if (CONCURRENT_EXECUTIONS - others - reserved < UNRESERVED_CONCURRENCY_MIN) {
      throw invalidParameter(
        `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_CONCURRENCY_MIN}].`,
      );
    }
    functions.put(tx, functionKey(scope, name), { ...record, reservedConcurrency: reserved });
  });
  return { ReservedConcurrentExecutions: reserved };
}

export async function getFunctionConcurrency(
  input: InputOf<'lambda', 'GetFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionConcurrency'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { record } = await context.store.read((view) => resolveFunction(view, reference));
  const { reservedConcurrency } = record;
  return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
}

export async function deleteFunctionConcurrency(
  input: InputOf<'lambda', 'DeleteFunctionConcurrency'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunctionConcurrency'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  await context.store.transact(async (tx) => {
    const record = await getFunction(tx, scope, name);
    if (record === undefined) throw functionNotFound(functionArn(scope, name));
    const { reservedConcurrency: _dropped, ...rest } = record;
    functions.put(tx, functionKey(scope, name), rest);
  });
  return {};
}

type ConfigInput = InputOf<'lambda', 'PutFunctionEventInvokeConfig'>;
type ConfigOutput = OutputOf<'lambda', 'PutFunctionEventInvokeConfig'>;

export async function putFunctionEventInvokeConfig(
  input: ConfigInput,
  context: RequestContext,
): Promise<ConfigOutput> {
  return writeInvokeConfig(input, context, false);
}

export async function updateFunctionEventInvokeConfig(
  input: InputOf<'lambda', 'UpdateFunctionEventInvokeConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  return writeInvokeConfig(input, context, true);
}

async function writeInvokeConfig(
  input: ConfigInput,
  context: RequestContext,
  keepAbsent: boolean,
): Promise<ConfigOutput> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const arn = functionArn(reference.scope, reference.name, reference.qualifier ?? '$LATEST');
  for (const target of [input.DestinationConfig?.OnSuccess, input.DestinationConfig?.OnFailure]) {
    if (target?.Destination !== undefined) checkDestination(target.Destination);
  }
  return context.store.transact(async (tx) => {
    await resolveFunction(tx, reference);
    const key = [...functionKey(reference.scope, reference.name), reference.qualifier ?? '$LATEST'];
    const previous = keepAbsent ? await invokeConfigs.get(tx, key) : undefined;
    if (keepAbsent && previous === undefined) throw invokeConfigNotFound(arn);
    const retries = input.MaximumRetryAttempts ?? previous?.maximumRetryAttempts;
    const ageSec = input.MaximumEventAgeInSeconds ?? previous?.maximumEventAgeSec;
    const onSuccess = input.DestinationConfig?.OnSuccess?.Destination ?? previous?.onSuccessArn;
    const onFailure = input.DestinationConfig?.OnFailure?.Destination ?? previous?.onFailureArn;
    const config: InvokeConfig = {
      lastModifiedMs: context.nowMs,
      ...(retries === undefined ? {} : { maximumRetryAttempts: retries }),
      ...(ageSec === undefined ? {} : { maximumEventAgeSec: ageSec }),
      ...(onSuccess === undefined ? {} : { onSuccessArn: onSuccess }),
      ...(onFailure === undefined ? {} : { onFailureArn: onFailure }),
    };
    invokeConfigs.put(tx, key, config);
    return presentInvokeConfig(arn, config);
  });
}

/** SQS, SNS and Lambda receive records; EventBridge and S3 join with their own issues. */
function checkDestination(arn: string): void {
  const service = parseArn(arn)?.service;
  if (service === 'sqs' || service === 'sns' || service === 'lambda') return;
  throw invalidParameter(`The provided destination config DestinationConfig is invalid: ${arn}`);
}

export async function getFunctionEventInvokeConfig(
  input: InputOf<'lambda', 'GetFunctionEventInvokeConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const arn = functionArn(reference.scope, reference.name, reference.qualifier ?? '$LATEST');
  return context.store.read(async (view) => {
    await resolveFunction(view, reference);
    const key = [...functionKey(reference.scope, reference.name), reference.qualifier ?? '$LATEST'];
    const config = await invokeConfigs.get(view, key);
    if (config === undefined) throw invokeConfigNotFound(arn);
    return presentInvokeConfig(arn, config);
  });
}

export async function deleteFunctionEventInvokeConfig(
  input: InputOf<'lambda', 'DeleteFunctionEventInvokeConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunctionEventInvokeConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const qualifier = reference.qualifier ?? '$LATEST';
  await context.store.transact(async (tx) => {
    const key = [...functionKey(reference.scope, reference.name), qualifier];
    if ((await invokeConfigs.get(tx, key)) === undefined) {
      throw invokeConfigNotFound(functionArn(reference.scope, reference.name, qualifier));
    }
    invokeConfigs.delete(tx, key);
  });
  return {};
}

export async function listFunctionEventInvokeConfigs(
  input: InputOf<'lambda', 'ListFunctionEventInvokeConfigs'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListFunctionEventInvokeConfigs'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { scope, name } = reference;
  return context.store.read(async (view) => {
    await resolveFunction(view, reference);
    const rows = await invokeConfigs.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
    return {
      FunctionEventInvokeConfigs: rows.map(({ key, value }) =>
        presentInvokeConfig(functionArn(scope, name, String(key.at(-1))), value),
      ),
    };
  });
}

export async function listTags(
  input: InputOf<'lambda', 'ListTags'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListTags'>> {
  const target = parseTarget(input.Resource ?? '', context);
  return context.store.read(async (view) => {
    if (target.kind === 'mapping') {
      if ((await mappings.get(view, target.key)) === undefined) throw mappingNotFound();
      return { Tags: { ...(await mappingTags.get(view, target.key)) } };
    }
    return { Tags: { ...(await requireRecord(view, target)).tags } };
  });
}

export async function tagResource(
  input: InputOf<'lambda', 'TagResource'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'TagResource'>> {
  await changeTags(input.Resource ?? '', context, (tags) => ({ ...tags, ...input.Tags }));
  return {};
}

export async function untagResource(
  input: InputOf<'lambda', 'UntagResource'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UntagResource'>> {
  const gone = new Set(input.TagKeys);
  await changeTags(input.Resource ?? '', context, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
  );
  return {};
}

type Tags = Readonly<Record<string, string>>;

async function changeTags(
  resource: string,
  context: RequestContext,
  change: (tags: Tags) => Tags,
): Promise<void> {
  const target = parseTarget(resource, context);
  await context.store.transact(async (tx) => {
    if (target.kind === 'mapping') {
      if ((await mappings.get(tx, target.key)) === undefined) throw mappingNotFound();
      mappingTags.put(tx, target.key, change((await mappingTags.get(tx, target.key)) ?? {}));
      return;
    }
    const record = await requireRecord(tx, target);
    functions.put(tx, target.key, { ...record, tags: change(record.tags) });
  });
}

interface TagTarget {
  readonly kind: 'function' | 'mapping';
  readonly key: readonly string[];
  readonly arn: string;
}

function parseTarget(resource: string, context: RequestContext): TagTarget {
  const arn = parseArn(resource);
  if (arn?.resource.startsWith('event-source-mapping:') === true) {
    const uuid = arn.resource.slice('event-source-mapping:'.length);
    return { kind: 'mapping', key: [arn.account, arn.region, uuid], arn: resource };
  }
  const { scope, name } = parseFunctionReference(resource, undefined, context);
  return { kind: 'function', key: functionKey(scope, name), arn: functionArn(scope, name) };
}

async function requireRecord(
  view: Parameters<typeof functions.get>[0],
  target: TagTarget,
): Promise<FunctionRecord> {
  const record = await functions.get(view, target.key);
  if (record === undefined) throw functionNotFound(target.arn);
  return record;
}

export async function getAccountSettings(
  _input: InputOf<'lambda', 'GetAccountSettings'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetAccountSettings'>> {
  const rows = await context.store.read((view) =>
    functions.list(view, [context.account, context.region], { limit: FUNCTIONS_MAX }),
  );
  const reserved = rows.reduce((sum, row) => sum + (row.value.reservedConcurrency ?? 0), 0);
  return {
    AccountLimit: {
      TotalCodeSize: CODE_STORAGE_BYTES_MAX,
      CodeSizeUnzipped: UNZIPPED_BYTES_MAX,
      CodeSizeZipped: ZIP_UPLOAD_BYTES_MAX,
      ConcurrentExecutions: CONCURRENT_EXECUTIONS,
      UnreservedConcurrentExecutions: CONCURRENT_EXECUTIONS - reserved,
    },
    AccountUsage: {
      TotalCodeSize: rows.reduce((sum, row) => sum + row.value.latest.code.sizeBytes, 0),
      FunctionCount: rows.length,
    },
  };
}
