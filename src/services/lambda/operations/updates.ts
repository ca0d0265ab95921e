// UpdateFunctionCode and UpdateFunctionConfiguration.
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseArchives, retainArchives, takeInCode } from '../code.ts';
import { checkCodeSigning } from '../code-signing.ts';
import { newVersion, readSettings } from '../configuration.ts';
import { functionNotFound, staleRevision } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { imageCode, replaceImage } from '../images.ts';
import { retireVersion } from '../function-definition.ts';
import { lambdaTimestamp, presentBegun, presentConfiguration } from '../present.ts';
import { presentPublished, publishLatest } from '../publishing.ts';
import { resolveLayers } from '../layer-use.ts';
import { refuseUnsupported } from '../rules.ts';
import { checkRuntimeAge } from '../runtimes.ts';
import { type FunctionRecord, type FunctionVersion, functionKey, functions, getFunction } from '../store.ts';

export async function updateFunctionCode(
  input: InputOf<'lambda', 'UpdateFunctionCode'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UpdateFunctionCode'>> {
  refuseUnsupported({ PublishTo: input.PublishTo });
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const image = await context.store.read(async (view) => {
    const { codeSigningConfigArn, latest } = await requireFunction(view, reference, input.RevisionId);
    await checkCodeSigning(view, { ...reference, configArn: codeSigningConfigArn });
    return replaceImage(latest.image, input);
  });
  const taken = image === undefined ? { code: await takeInCode(input, context) } : { code: imageCode(image), image };
  if (input.DryRun === true) {
    if (image === undefined) await context.blobs.delete(taken.code.blobId);
    return context.store.read(async (view) => {
      const { latest } = await requireFunction(view, reference, input.RevisionId);
      return presentConfiguration(reference.scope, { ...latest, ...taken });
    });
  }
  const before: FunctionVersion[] = [];
  const output = await context.store.transact(async (tx) => {
    before.length = 0;
    const record = await requireFunction(tx, reference, input.RevisionId);
    before.push(record.latest);
    checkRuntimeAge(record.latest.runtime, 'update', context);
    const latest: FunctionVersion = {
      ...record.latest,
      ...taken,
      architecture: input.Architectures?.[0] ?? record.latest.architecture,
      lastModified: lambdaTimestamp(context.nowMs),
      revisionId: randomUuid(context.random),
      buildId: randomUuid(context.random),
    };
    return putLatest(tx, context, { record, latest, reference, publish: input.Publish });
  });
  for (const version of before) await retireVersion(reference.scope, version, context);
  return output;
}

export async function updateFunctionConfiguration(
  input: InputOf<'lambda', 'UpdateFunctionConfiguration'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UpdateFunctionConfiguration'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const before: FunctionVersion[] = [];
  const output = await context.store.transact(async (tx) => {
    before.length = 0;
    const record = await requireFunction(tx, reference, input.RevisionId);
    before.push(record.latest);
    const settings = readSettings(input, record.latest);
    checkRuntimeAge(settings.runtime, 'update', context);
    if ((input.Layers?.length ?? 0) > 0) {
      await checkCodeSigning(tx, { ...reference, configArn: record.codeSigningConfigArn });
    }
    const layers =
      input.Layers === undefined
        ? record.latest.layers
        : await resolveLayers(tx, input.Layers, { ...reference.scope, principal: context.principal });
    const { name } = reference;
    const latest = newVersion({ name, settings, code: record.latest.code, layers, context });
    return putLatest(tx, context, { record, latest, reference, publish: false });
  });
  for (const version of before) await retireVersion(reference.scope, version, context);
  return output;
}

async function requireFunction(
  view: Parameters<typeof getFunction>[0],
  { scope, name }: FunctionReference,
  revisionId: string | undefined,
): Promise<FunctionRecord> {
  const record = await getFunction(view, scope, name);
  if (record === undefined) throw functionNotFound(functionArn(scope, name));
  if (revisionId !== undefined && revisionId !== record.latest.revisionId) throw staleRevision();
  return record;
}

async function putLatest(
  tx: Tx,
  context: RequestContext,
  update: {
    readonly record: FunctionRecord;
    readonly latest: FunctionVersion;
    readonly reference: FunctionReference;
    readonly publish: boolean | undefined;
  },
): Promise<OutputOf<'lambda', 'UpdateFunctionCode'>> {
  const { latest, reference } = update;
  const record = { ...update.record, latest };
  await retainArchives(tx, latest);
  await releaseArchives(tx, update.record.latest, context);
  functions.put(tx, functionKey(reference.scope, reference.name), record);
  if (update.publish !== true) {
    return presentBegun(presentConfiguration(reference.scope, latest), 'updated');
  }
  const published = await publishLatest(tx, { ...context, ...reference.scope }, { record, description: undefined });
  return presentPublished(reference.scope, record, published);
}
