// Function URLs: create, get, update, list, delete.
import { randomText } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { functionAbsent, invalidParameter, mappingNotFound, urlExists } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { pageOf } from '../page.ts';
import {
  type FunctionUrlRecord,
  PER_FUNCTION_MAX,
  type UrlCors,
  aliases,
  functionKey,
  functionUrls,
  getFunction,
  urlOwners,
} from '../store.ts';
import { urlOf } from '../function-urls/url-address.ts';

type UrlOutput = OutputOf<'lambda', 'GetFunctionUrlConfig'>;
type CorsInput = InputOf<'lambda', 'CreateFunctionUrlConfig'>['Cors'];

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export async function createFunctionUrlConfig(
  input: InputOf<'lambda', 'CreateFunctionUrlConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'CreateFunctionUrlConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const cors = readCors(input.Cors);
  const record: FunctionUrlRecord = {
    urlId: randomText(context.random, 32, ID_ALPHABET),
    createdMs: context.nowMs,
    lastModifiedMs: context.nowMs,
    ...modesOf(input),
    ...(cors === undefined ? {} : { cors }),
  };
  await context.store.transact(async (tx) => {
    const { scope, name, qualifier = '' } = reference;
    await requireTarget(tx, reference);
    const key = [...functionKey(scope, name), qualifier];
    if ((await functionUrls.get(tx, key)) !== undefined) {
      throw urlExists(functionArn(scope, name, reference.qualifier));
    }
    functionUrls.put(tx, key, record);
    const { account, region } = scope;
    urlOwners.put(tx, [record.urlId], { account, region, name, qualifier });
  });
  const { LastModifiedTime: _unused, ...created } = presentUrl(context, reference, record);
  return created;
}

export async function getFunctionUrlConfig(
  input: InputOf<'lambda', 'GetFunctionUrlConfig'>,
  context: RequestContext,
): Promise<UrlOutput> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const record = await context.store.read((view) => requireUrl(view, reference));
  return presentUrl(context, reference, record);
}

export async function updateFunctionUrlConfig(
  input: InputOf<'lambda', 'UpdateFunctionUrlConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UpdateFunctionUrlConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const record = await context.store.transact(async (tx) => {
    await requireTarget(tx, reference);
    const before = await requireUrl(tx, reference);
    const cors = input.Cors === undefined ? before.cors : readCors(input.Cors);
    const changed: FunctionUrlRecord = {
      urlId: before.urlId,
      createdMs: before.createdMs,
      lastModifiedMs: context.nowMs,
      ...modesOf({
        AuthType: input.AuthType ?? before.authType,
        InvokeMode: input.InvokeMode ?? before.invokeMode,
      }),
      ...(cors === undefined ? {} : { cors }),
    };
    functionUrls.put(tx, urlKey(reference), changed);
    return changed;
  });
  return presentUrl(context, reference, record);
}

export async function deleteFunctionUrlConfig(
  input: InputOf<'lambda', 'DeleteFunctionUrlConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunctionUrlConfig'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  await context.store.transact(async (tx) => {
    const { urlId } = await requireUrl(tx, reference);
    functionUrls.delete(tx, urlKey(reference));
    urlOwners.delete(tx, [urlId]);
  });
  return {};
}

export async function listFunctionUrlConfigs(
  input: InputOf<'lambda', 'ListFunctionUrlConfigs'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListFunctionUrlConfigs'>> {
  const { scope, name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const rows = await context.store.read(async (view) => {
    if ((await getFunction(view, scope, name)) === undefined) throw functionAbsent('Function does not exist');
    return functionUrls.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
  });
  const { items, next } = pageOf(rows, input);
  return {
    FunctionUrlConfigs: items.map(({ key, value }) => {
      const qualifier = String(key.at(-1));
      return presentUrl(context, { scope, name, ...(qualifier === '' ? {} : { qualifier }) }, value);
    }),
    ...next,
  };
}

function modesOf({
  AuthType,
  InvokeMode,
}: Pick<InputOf<'lambda', 'UpdateFunctionUrlConfig'>, 'AuthType' | 'InvokeMode'>): Pick<
  FunctionUrlRecord,
  'authType' | 'invokeMode'
> {
  return {
    ...(AuthType === 'AWS_IAM' ? { authType: AuthType } : {}),
    ...(InvokeMode === 'RESPONSE_STREAM' ? { invokeMode: InvokeMode } : {}),
  };
}

function urlKey({ scope, name, qualifier = '' }: FunctionReference): readonly string[] {
  return [...functionKey(scope, name), qualifier];
}

/** URLs stand on a function or an alias; the model's pattern has refused versions. */
async function requireTarget(view: ReadTx, { scope, name, qualifier }: FunctionReference): Promise<void> {
  const found =
    (await getFunction(view, scope, name)) !== undefined &&
    (qualifier === undefined ||
      (await aliases.get(view, [...functionKey(scope, name), qualifier])) !== undefined);
  if (!found) throw functionAbsent('Function does not exist');
}

async function requireUrl(view: ReadTx, reference: FunctionReference): Promise<FunctionUrlRecord> {
  const record = await functionUrls.get(view, urlKey(reference));
  if (record === undefined) throw mappingNotFound();
  return record;
}

function readCors(input: CorsInput): UrlCors | undefined {
  if (input === undefined) return undefined;
  const { AllowCredentials, AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders, MaxAge } = input;
  if (AllowCredentials === true && AllowOrigins?.includes('*') === true) {
    throw invalidParameter('AllowOrigins cannot be * when AllowCredentials is true');
  }
  return {
    ...(AllowCredentials === undefined ? {} : { allowCredentials: AllowCredentials }),
    ...(AllowHeaders === undefined ? {} : { allowHeaders: AllowHeaders }),
    ...(AllowMethods === undefined ? {} : { allowMethods: AllowMethods }),
    ...(AllowOrigins === undefined ? {} : { allowOrigins: AllowOrigins }),
    ...(ExposeHeaders === undefined ? {} : { exposeHeaders: ExposeHeaders }),
    ...(MaxAge === undefined ? {} : { maxAgeSec: MaxAge }),
  };
}

function presentUrl(
  context: RequestContext,
  { scope, name, qualifier }: FunctionReference,
  { urlId, cors, createdMs, lastModifiedMs, authType, invokeMode }: FunctionUrlRecord,
): UrlOutput {
  return {
    FunctionUrl: urlOf(urlId, scope.region, context.endpoint),
    FunctionArn: functionArn(scope, name, qualifier),
    AuthType: authType ?? 'NONE',
    CreationTime: new Date(createdMs).toISOString(),
    LastModifiedTime: new Date(lastModifiedMs).toISOString(),
    InvokeMode: invokeMode ?? 'BUFFERED',
    ...(cors === undefined ? {} : { Cors: presentCors(cors) }),
  };
}

function presentCors(cors: UrlCors): NonNullable<CorsInput> {
  const { allowCredentials, allowHeaders, allowMethods, allowOrigins, exposeHeaders, maxAgeSec } = cors;
  return {
    ...(allowCredentials === undefined ? {} : { AllowCredentials: allowCredentials }),
    ...(allowHeaders === undefined ? {} : { AllowHeaders: [...allowHeaders] }),
    ...(allowMethods === undefined ? {} : { AllowMethods: [...allowMethods] }),
    ...(allowOrigins === undefined ? {} : { AllowOrigins: [...allowOrigins] }),
    ...(exposeHeaders === undefined ? {} : { ExposeHeaders: [...exposeHeaders] }),
    ...(maxAgeSec === undefined ? {} : { MaxAge: maxAgeSec }),
  };
}
