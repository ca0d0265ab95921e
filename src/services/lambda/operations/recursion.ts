// Whether a function may be invoked in a loop.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { functionNotFound } from '../errors.ts';
import { functionArn, parseFunctionReference } from '../function-reference.ts';
import { functionKey, functions, getFunction } from '../store.ts';

export async function getFunctionRecursionConfig(
  input: InputOf<'lambda', 'GetFunctionRecursionConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionRecursionConfig'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const record = await context.store.read((view) => getFunction(view, scope, name));
  if (record === undefined) throw functionNotFound(functionArn(scope, name));
  return { RecursiveLoop: record.allowsRecursion === true ? 'Allow' : 'Terminate' };
}

export async function putFunctionRecursionConfig(
  input: InputOf<'lambda', 'PutFunctionRecursionConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PutFunctionRecursionConfig'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const allows = input.RecursiveLoop === 'Allow';
  await context.store.transact(async (tx) => {
    const record = await getFunction(tx, scope, name);
    if (record === undefined) throw functionNotFound(functionArn(scope, name));
    const { allowsRecursion: _before, ...rest } = record;
    functions.put(tx, functionKey(scope, name), allows ? { ...rest, allowsRecursion: true } : rest);
  });
  return { RecursiveLoop: allows ? 'Allow' : 'Terminate' };
}
