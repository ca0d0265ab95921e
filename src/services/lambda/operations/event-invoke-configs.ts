// How asynchronous invocations are retried and reported: the event invoke configs.
import { parseArn } from '../../../base/arn.ts';
import { ServiceError } from '../../../base/errors.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext, Scope } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { destinationService } from '../destinations.ts';
import { functionAbsent, invalidParameter, invokeConfigNotFound } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { pageOf } from '../page.ts';
import { presentInvokeConfig } from '../present.ts';
import { resolveFunction } from '../resolve.ts';
import {
  type InvokeConfig,
  PER_FUNCTION_MAX,
  functionKey,
  getFunction,
  invokeConfigs,
} from '../store.ts';

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
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = input;
  if (
    MaximumRetryAttempts === undefined &&
    MaximumEventAgeInSeconds === undefined &&
    DestinationConfig === undefined
  ) {
    throw invalidParameter('You must specify at least one of error handling or destination setting.');
  }
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const { scope, name, qualifier = '$LATEST' } = reference;
  const arn = functionArn(scope, name, qualifier);
  return context.store.transact(async (tx) => {
    await requireTarget(tx, reference);
    await checkDestinations(tx, DestinationConfig, { scope, name });
    const key = [...functionKey(scope, name), qualifier];
    const previous = keepAbsent ? await invokeConfigs.get(tx, key) : undefined;
    if (keepAbsent && previous === undefined) throw invokeConfigNotFound(arn);
    const retries = MaximumRetryAttempts ?? previous?.maximumRetryAttempts;
    const ageSec = MaximumEventAgeInSeconds ?? previous?.maximumEventAgeSec;
    const onSuccess = chooseArn(DestinationConfig?.OnSuccess?.Destination, previous?.onSuccessArn);
    const onFailure = chooseArn(DestinationConfig?.OnFailure?.Destination, previous?.onFailureArn);
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

async function requireTarget(view: ReadTx, reference: FunctionReference): Promise<void> {
  try {
    await resolveFunction(view, reference);
  } catch (error) {
    if (error instanceof ServiceError) throw functionAbsent("The function doesn't exist.");
    throw error;
  }
}

/** An empty text takes a destination away. */
function chooseArn(given: string | undefined, previous: string | undefined): string | undefined {
  if (given === undefined) return previous;
  return given === '' ? undefined : given;
}

/** SQS, SNS and Lambda receive records, S3 those of failures; EventBridge is refused by name. */
async function checkDestinations(
  view: ReadTx,
  config: ConfigInput['DestinationConfig'],
  source: { readonly scope: Scope; readonly name: string },
): Promise<void> {
  const onSuccess = config?.OnSuccess?.Destination;
  const onFailure = config?.OnFailure?.Destination;
  for (const arn of [onFailure, onSuccess]) {
    if (arn === undefined || arn === '') continue;
    if (parseArn(arn)?.service === 'events') {
      throw invalidParameter(`EventBridge is not part of Cloudlet yet; ${arn} cannot be a destination.`);
    }
    const service = destinationService(arn);
    // AWS: a bucket takes records of failures only. <developer guide, "Capturing records", supported destinations>
    if (service === undefined || (service === 's3' && arn === onSuccess)) {
      const show = (kind: string, target: string | undefined): string =>
        target === undefined ? 'null' : `${kind}(destination=${target})`;
      throw invalidParameter(
        `The provided destination config DestinationConfig(onSuccess=${show('OnSuccess', onSuccess)}, onFailure=${show('OnFailure', onFailure)}) is invalid.`,
      );
    }
    if (service !== 'lambda') continue;
    const target = parseFunctionReference(arn, undefined, source.scope);
    if ((await getFunction(view, target.scope, target.name)) === undefined) {
      throw invalidParameter(`The destination ARN ${arn} is invalid.`);
    }
    if (target.name === source.name && target.scope.account === source.scope.account) {
      throw invalidParameter("You can't specify the function as a destination for itself.");
    }
  }
}

export async function getFunctionEventInvokeConfig(
  input: InputOf<'lambda', 'GetFunctionEventInvokeConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const arn = functionArn(reference.scope, reference.name, reference.qualifier ?? '$LATEST');
  return context.store.read(async (view) => {
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
    await requireTarget(view, reference);
    const rows = await invokeConfigs.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
    const { items, next } = pageOf(rows, input);
    return {
      FunctionEventInvokeConfigs: items.map(({ key, value }) =>
        presentInvokeConfig(functionArn(scope, name, String(key.at(-1))), value),
      ),
      ...next,
    };
  });
}
