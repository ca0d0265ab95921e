// CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.
import { randomUuid } from '../../../base/random.ts';
import { retainBlob } from '../../../kernel/bodies.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseCode, takeInCode } from '../code.ts';
import { newVersion, readSettings } from '../configuration.ts';
import { functionExists, functionNotFound, invalidParameter, versionInUse } from '../errors.ts';
import { functionArn, isVersion, parseFunctionReference } from '../function-reference.ts';
import { presentVersion, publishLatest } from '../publishing.ts';
import { resolveFunction } from '../resolve.ts';
import {
  type FunctionRecord,
  PER_FUNCTION_MAX,
  deleteFunctionRows,
  functionKey,
  functions,
  getFunction as readFunction,
  listAliases,
  versions,
} from '../store.ts';
import { stopMappingsOf } from '../mapping-lifecycle.ts';

export async function createFunction(
  input: InputOf<'lambda', 'CreateFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'CreateFunction'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { name } = reference;
  const settings = readSettings(input);
  if ((await context.store.read((view) => readFunction(view, context, name))) !== undefined) {
    throw functionExists(name);
  }
  const code = await takeInCode(input.Code ?? {}, context);
  return context.store.transact(async (tx) => {
    if ((await readFunction(tx, context, name)) !== undefined) throw functionExists(name);
    await retainBlob(tx, code.blobId);
    const latest = newVersion({ name, settings, code, nowMs: context.nowMs, revisionId: randomUuid(context.random) });
    const record: FunctionRecord = { latest, nextVersion: 1, tags: { ...input.Tags } };
    functions.put(tx, functionKey(context, name), record);
    if (input.Publish !== true) return presentVersion(tx, context, latest);
    const published = await publishLatest(tx, context, { record, description: undefined });
    return presentVersion(tx, context, published, published.version);
  });
}

export async function getFunctionConfiguration(
  input: InputOf<'lambda', 'GetFunctionConfiguration'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionConfiguration'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  return context.store.read(async (view) => {
    const { version, scope } = await resolveFunction(view, reference);
    return presentVersion(view, scope, version, reference.qualifier);
  });
}

export async function getFunction(
  input: InputOf<'lambda', 'GetFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunction'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  return context.store.read(async (view) => {
    const { version, record, scope } = await resolveFunction(view, reference);
    const Configuration = await presentVersion(view, scope, version, reference.qualifier);
    const { account, region } = scope;
    const path = [account, region, version.name, version.version].map(encodeURIComponent).join('/');
    return {
      Configuration,
      // AWS: a presigned S3 URL of its own bucket; ours is served by this cloud (`code-download.ts`).
      Code: {
        RepositoryType: 'S3',
        Location: `${context.endpoint}/_aws/lambda/code/${path}?sha256=${encodeURIComponent(version.code.sha256)}`,
      },
      ...(Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags }),
      ...(record.reservedConcurrency === undefined
        ? {}
        : { Concurrency: { ReservedConcurrentExecutions: record.reservedConcurrency } }),
    };
  });
}

export async function listFunctions(
  input: InputOf<'lambda', 'ListFunctions'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListFunctions'>> {
  const limit = Math.min(input.MaxItems ?? 50, 50);
  const scope = [context.account, context.region];
  return context.store.read(async (view) => {
    const after = input.Marker === undefined ? {} : { after: [...scope, decodeMarker(input.Marker)] };
    const rows = await functions.list(view, scope, { limit: limit + 1, ...after });
    const page = rows.slice(0, limit).map((row) => row.value);
    const listed = [];
    for (const record of page) {
      listed.push(await presentVersion(view, context, record.latest, input.FunctionVersion === 'ALL' ? '$LATEST' : undefined));
      if (input.FunctionVersion !== 'ALL') continue;
      const published = await versions.list(view, functionKey(context, record.latest.name), {
        limit: PER_FUNCTION_MAX,
      });
      for (const { value } of published) {
        listed.push(await presentVersion(view, context, value, value.version));
      }
    }
    const last = page.at(-1);
    const hasMore = rows.length > limit && last !== undefined;
    return { Functions: listed, ...(hasMore ? { NextMarker: encodeMarker(last.latest.name) } : {}) };
  });
}

export async function deleteFunction(
  input: InputOf<'lambda', 'DeleteFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteFunction'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  const { name, scope, qualifier } = reference;
  if (qualifier !== undefined && !/^\d+$/.test(qualifier)) {
    throw invalidParameter(
      isVersion(qualifier)
        ? '$LATEST version cannot be deleted without deleting the function.'
        : 'Deletion of aliases is not currently supported.',
    );
  }
  const retired = await context.store.transact(async (tx) => {
    const record = await readFunction(tx, scope, name);
    if (record === undefined) throw functionNotFound(functionArn(scope, name, qualifier));
    if (qualifier !== undefined) {
      const version = await deleteVersion(tx, context, { scope, name, qualifier });
      return version === undefined ? [] : [version];
    }
    const ofFunction = await versions.list(tx, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
    for (const code of await deleteFunctionRows(tx, scope, name)) await releaseCode(tx, code, context);
    await stopMappingsOf(tx, context, { scope, name });
    return [record.latest, ...ofFunction.map((row) => row.value)];
  });
  for (const version of retired) {
    await context.ports.functions.retire(`${functionArn(scope, name, version.version)}/${version.revisionId}/`);
  }
  return { StatusCode: 204 };
}

async function deleteVersion(
  tx: Parameters<typeof deleteFunctionRows>[0],
  context: RequestContext,
  target: { readonly scope: RequestContext | { account: string; region: string }; readonly name: string; readonly qualifier: string },
): Promise<FunctionRecord['latest'] | undefined> {
  const { scope, name, qualifier } = target;
  const key = [...functionKey(scope, name), Number(qualifier)];
  const version = await versions.get(tx, key);
  // AWS: deleting a version that is not there succeeds.
  if (version === undefined) return undefined;
  const users = (await listAliases(tx, scope, name)).filter(
    (alias) => alias.functionVersion === qualifier || qualifier in alias.weights,
  );
  if (users.length > 0) throw versionInUse(users.map((alias) => functionArn(scope, name, alias.name)));
  versions.delete(tx, key);
  await releaseCode(tx, version.code, context);
  return version;
}

function encodeMarker(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function decodeMarker(marker: string): string {
  const name = Buffer.from(marker, 'base64url').toString();
  if (encodeMarker(name) !== marker) throw invalidParameter('Invalid marker');
  return name;
}
