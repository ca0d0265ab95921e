// Settings of a function that have one value here: code signing, runtime updates, recursion.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter } from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { resolveFunction } from '../resolve.ts';

export async function getFunctionCodeSigningConfig(
  input: InputOf<'lambda', 'GetFunctionCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionCodeSigningConfig'>> {
  await requireFunction(input.FunctionName, undefined, context);
  // AWS: answers an empty document for a function without one, whatever the model requires.
  return {} as OutputOf<'lambda', 'GetFunctionCodeSigningConfig'>;
}

export async function getRuntimeManagementConfig(
  input: InputOf<'lambda', 'GetRuntimeManagementConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetRuntimeManagementConfig'>> {
  const FunctionArn = await requireFunction(input.FunctionName, input.Qualifier, context);
  return { UpdateRuntimeOn: 'Auto', FunctionArn };
}

/** Differs: runtimes are those of this machine, so that they can only follow it (`Auto`). */
export async function putRuntimeManagementConfig(
  input: InputOf<'lambda', 'PutRuntimeManagementConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutRuntimeManagementConfig'>> {
  const FunctionArn = await requireFunction(input.FunctionName, input.Qualifier, context);
  if (input.UpdateRuntimeOn !== 'Auto') {
    throw invalidParameter(
      `UpdateRuntimeOn ${input.UpdateRuntimeOn} is not supported by Cloudlet: runtimes are those of this machine.`,
    );
  }
  return { UpdateRuntimeOn: 'Auto', FunctionArn };
}

/** Differs: AWS stops recursive loops by default (`Terminate`); here nothing stops them yet. */
export async function getFunctionRecursionConfig(
  input: InputOf<'lambda', 'GetFunctionRecursionConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionRecursionConfig'>> {
  await requireFunction(input.FunctionName, undefined, context);
  return { RecursiveLoop: 'Allow' };
}

export async function putFunctionRecursionConfig(
  input: InputOf<'lambda', 'PutFunctionRecursionConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutFunctionRecursionConfig'>> {
  await requireFunction(input.FunctionName, undefined, context);
  if (input.RecursiveLoop !== 'Allow') {
    throw invalidParameter('RecursiveLoop Terminate is not supported by Cloudlet yet.');
  }
  return { RecursiveLoop: 'Allow' };
}

/** Gives the ARN of what was named. */
async function requireFunction(
  name: string | undefined,
  qualifier: string | undefined,
  context: RequestContext,
): Promise<string> {
  const reference = parseFunctionReference(name ?? '', qualifier, context);
  await context.store.read((view) => resolveFunction(view, reference));
  return functionArn(reference.scope, reference.name, reference.qualifier);
}
