// CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, DeleteFunction.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext, Scope } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseArchives, retainArchives, takeInCode } from '../code.ts';
import { keepingTotal, listProvisioned } from '../invocation/concurrency-total.ts';
import { checkCodeSigning } from '../code-signing.ts';
import { newVersion, readSettings } from '../configuration.ts';
import { functionExists, functionNotFound, invalidParameter, versionInUse } from '../errors.ts';
import { functionArn, isVersion, parseFunctionReference } from '../function-reference.ts';
import { imageCode, presentImageCode } from '../images.ts';
import { retireVersion } from '../function-definition.ts';
import { type FunctionConfiguration, presentBegun, presentConfiguration } from '../present.ts';
import { scheduleProvisioning } from '../invocation/provisioning.ts';
import { presentPublished, publishLatest } from '../publishing.ts';
import { resolveLayers } from '../layer-use.ts';
import { resolveFunction } from '../resolve.ts';
import { checkRuntimeAge } from '../runtimes.ts';
import {
  type FunctionRecord,
  type FunctionVersion,
  deleteFunctionRows,
  functionKey,
  functions,
  getFunction as readFunction,
  listAliases,
  listVersions,
  provisioned,
  runtimeManagements,
  versions,
} from '../store.ts';

export async function createFunction(
  input: InputOf<'lambda', 'CreateFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'CreateFunction'>> {
  const { name } = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const settings = readSettings(input);
  checkRuntimeAge(settings.runtime, 'create', context);
  const layerArns = input.Layers ?? [];
  await context.store.read(async (view) => {
    await resolveLayers(view, layerArns, context);
    if ((await readFunction(view, context, name)) !== undefined) throw functionExists(name);
    await checkCodeSigning(view, { scope: context, name, configArn: input.CodeSigningConfigArn });
  });
  const { image } = settings;
  const code = image === undefined ? await takeInCode(input.Code ?? {}, context) : imageCode(image);
  return context.store.transact(async (tx) => {
    if ((await readFunction(tx, context, name)) !== undefined) throw functionExists(name);
    const layers = await resolveLayers(tx, layerArns, context);
    const latest = newVersion({ name, settings, code, layers, context });
    await retainArchives(tx, latest);
    const { CodeSigningConfigArn: configArn } = input;
    const record: FunctionRecord = {
      latest,
      nextVersion: 1,
      tags: { ...input.Tags },
      ...(configArn === undefined ? {} : { codeSigningConfigArn: configArn }),
    };
    functions.put(tx, functionKey(context, name), record);
    if (input.Publish !== true) return presentBegun(presentConfiguration(context, latest), 'created');
    const published = await publishLatest(tx, context, { record, description: undefined });
    return presentPublished(context, record, published);
  });
}

export async function getFunctionConfiguration(
  input: InputOf<'lambda', 'GetFunctionConfiguration'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunctionConfiguration'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  return context.store.read(async (view) => {
    const { version, scope } = await resolveFunction(view, reference);
    return presentConfiguration(scope, version, reference.qualifier);
  });
}

export async function getFunction(
  input: InputOf<'lambda', 'GetFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetFunction'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', input.Qualifier, context);
  return context.store.read(async (view) => {
    const { version, record, scope } = await resolveFunction(view, reference);
    const Configuration = presentConfiguration(scope, version, reference.qualifier);
    const { account, region } = scope;
    const path = [account, region, version.name, version.version].map(encodeURIComponent).join('/');
    return {
      Configuration,
      // AWS: a presigned S3 URL of its own bucket; ours is served by this cloud (`code-download.ts`).
      Code: version.image === undefined ? {
        RepositoryType: 'S3',
        Location: `${context.endpoint}/_aws/lambda/code/${path}?sha256=${encodeURIComponent(version.code.sha256)}`,
      } : presentImageCode(version.image, version.code),
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
    const listed: FunctionConfiguration[] = [];
    for (const { latest } of page) {
      if (input.FunctionVersion !== 'ALL') {
        listed.push(presentConfiguration(context, latest));
        continue;
      }
      const ofFunction = [latest, ...(await listVersions(view, context, latest.name))];
      listed.push(...ofFunction.map((each) => presentConfiguration(context, each, each.version)));
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
  const gone = await context.store.transact(async (tx) => {
    if ((await readFunction(tx, scope, name)) === undefined) {
      throw functionNotFound(functionArn(scope, name, qualifier));
    }
    const wasProvisioned = (await listProvisioned(tx, scope, name)).length > 0;
    const dropped = await keepingTotal(tx, scope, {
      name,
      change: () =>
        qualifier === undefined
          ? deleteFunctionRows(tx, scope, name)
          : deleteVersion(tx, { scope, name, qualifier }),
    });
    for (const version of dropped) await releaseArchives(tx, version, context);
    if (wasProvisioned) scheduleProvisioning(tx, context, { scope, name, dueMs: context.nowMs });
    return dropped;
  });
  for (const version of gone) await retireVersion(scope, version, context);
  return { StatusCode: 204 };
}

/** The version as a list of one; of none when it is not there, which AWS takes for success. */
async function deleteVersion(
  tx: Tx,
  target: { readonly scope: Scope; readonly name: string; readonly qualifier: string },
): Promise<FunctionVersion[]> {
  const { scope, name, qualifier } = target;
  const key = [...functionKey(scope, name), Number(qualifier)];
  const version = await versions.get(tx, key);
  if (version === undefined) return [];
  const users = (await listAliases(tx, scope, name)).filter(
    (alias) => alias.functionVersion === qualifier || qualifier in alias.weights,
  );
  if (users.length > 0) throw versionInUse(users.map((alias) => functionArn(scope, name, alias.name)));
  versions.delete(tx, key);
  provisioned.delete(tx, [...functionKey(scope, name), qualifier]);
  runtimeManagements.delete(tx, [...functionKey(scope, name), qualifier]);
  return [version];
}

function encodeMarker(name: string): string {
  return Buffer.from(name).toString('base64url');
}

function decodeMarker(marker: string): string {
  const name = Buffer.from(marker, 'base64url').toString();
  if (encodeMarker(name) !== marker) throw invalidParameter('Invalid marker');
  return name;
}
