// Settings that hang on a function beside its configuration: code signing, runtime updates.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { findCodeSigningConfig } from '../code-signing.ts';
import { codeSigningConfigAbsent, functionNotFound, invalidParameter } from '../errors.ts';
import {
  type FunctionReference,
  functionArn,
  isVersion,
  parseFunctionReference,
} from '../function-reference.ts';
import { type ResolvedFunction, resolveFunction } from '../resolve.ts';
import { runtimeVersionArn } from '../runtime-version.ts';
import {
  type FunctionRecord,
  type RuntimeManagement,
  functionKey,
  functions,
  getFunction,
  runtimeManagements,
} from '../store.ts';

export async function getFunctionCodeSigningConfig(
  input: InputOf<'lambda', 'GetFunctionCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionCodeSigningConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const record = await context.store.read(async (view) => {
    const found = await getFunction(view, reference.scope, reference.name);
    if (found === undefined) throw functionNotFound(functionArn(reference.scope, reference.name));
    return found;
  });
  const { codeSigningConfigArn: CodeSigningConfigArn } = record;
  if (CodeSigningConfigArn !== undefined) return { CodeSigningConfigArn, FunctionName: reference.name };
  // AWS: answers an empty document for a function without one, whatever the model requires.
  return {} as OutputOf<'lambda', 'GetFunctionCodeSigningConfig'>;
}

/** In force from the next deployment on; what is deployed already stays. */
export async function putFunctionCodeSigningConfig(
  input: InputOf<'lambda', 'PutFunctionCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutFunctionCodeSigningConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const arn = input.CodeSigningConfigArn ?? '';
  await context.store.transact(async (tx) => {
    if ((await findCodeSigningConfig(tx, arn)) === undefined) throw codeSigningConfigAbsent(arn);
    await changeFunction(tx, reference, (record) => ({ ...record, codeSigningConfigArn: arn }));
  });
  return { CodeSigningConfigArn: arn, FunctionName: reference.name };
}

export async function deleteFunctionCodeSigningConfig(
  input: InputOf<'lambda', 'DeleteFunctionCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunctionCodeSigningConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  await context.store.transact(async (tx) => {
    await changeFunction(tx, reference, ({ codeSigningConfigArn: _removed, ...rest }) => rest);
  });
  return {};
}

async function changeFunction(
  tx: Tx,
  { scope, name }: FunctionReference,
  change: (record: FunctionRecord) => FunctionRecord,
): Promise<void> {
  const record = await getFunction(tx, scope, name);
  if (record === undefined) throw functionNotFound(functionArn(scope, name));
  functions.put(tx, functionKey(scope, name), change(record));
}

export async function getRuntimeManagementConfig(
  input: InputOf<'lambda', 'GetRuntimeManagementConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetRuntimeManagementConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  checkIsVersion(reference);
  return context.store.read(async (view) => {
    const resolved = await resolveFunction(view, reference);
    const management = await runtimeManagements.get(view, managementKey(resolved));
    return presentManagement(resolved, management ?? { updatesOn: 'Auto' });
  });
}

/**
 * Differs: a runtime has one version here, that of this machine; `Manual` names it, and there is no
 * older one to go back to.
 */
export async function putRuntimeManagementConfig(
  input: InputOf<'lambda', 'PutRuntimeManagementConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutRuntimeManagementConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  checkIsVersion(reference);
  const updatesOn = input.UpdateRuntimeOn ?? 'Auto';
  const given = input.RuntimeVersionArn;
  if (updatesOn === 'Manual' && given === undefined) {
    throw invalidParameter('RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual.');
  }
  if (updatesOn !== 'Manual' && given !== undefined) {
    throw invalidParameter('RuntimeVersionArn is only valid when UpdateRuntimeOn is set to Manual.');
  }
  return context.store.transact(async (tx) => {
    const resolved = await resolveFunction(tx, reference);
    if (given !== undefined && given !== runtimeVersionArn(resolved.scope, resolved.version.runtime)) {
      throw invalidParameter(`Runtime version ${given} is not available for ${resolved.version.runtime}.`);
    }
    const management: RuntimeManagement = {
      updatesOn,
      ...(given === undefined ? {} : { runtimeVersionArn: given }),
    };
    runtimeManagements.put(tx, managementKey(resolved), management);
    return presentManagement(resolved, management);
  });
}

/** AWS: "This can be $LATEST or a published version number." <API reference> */
function checkIsVersion({ qualifier }: FunctionReference): void {
  if (qualifier === undefined || isVersion(qualifier)) return;
  throw invalidParameter(
    'Runtime management configurations belong to versions. Please specify $LATEST or a published version number.',
  );
}

function managementKey({ scope, version }: ResolvedFunction): readonly string[] {
  return [...functionKey(scope, version.name), version.version];
}

function presentManagement(
  { scope, version }: ResolvedFunction,
  { updatesOn, runtimeVersionArn: RuntimeVersionArn }: RuntimeManagement,
): OutputOf<'lambda', 'PutRuntimeManagementConfig'> {
  return {
    UpdateRuntimeOn: updatesOn,
    FunctionArn: functionArn(scope, version.name, version.version),
    ...(RuntimeVersionArn === undefined ? {} : { RuntimeVersionArn }),
  };
}
