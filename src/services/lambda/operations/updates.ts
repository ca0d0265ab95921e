// UpdateFunctionCode and UpdateFunctionConfiguration.
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import { retainBlob } from '../../../kernel/bodies.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseCode, takeInCode } from '../code.ts';
import { newVersion, readSettings } from '../configuration.ts';
import { functionNotFound, staleRevision } from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { lambdaTimestamp } from '../present.ts';
import { presentVersion, publishLatest } from '../publishing.ts';
import { type FunctionRecord, type FunctionVersion, functionKey, functions, getFunction } from '../store.ts';

export async function updateFunctionCode(
  input: InputOf<'lambda', 'UpdateFunctionCode'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UpdateFunctionCode'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  await context.store.read((view) => requireFunction(view, reference, input.RevisionId));
  const code = await takeInCode(input, context);
  if (input.DryRun === true) {
    await context.blobs.delete(code.blobId);
    return context.store.read(async (view) => {
      const { latest } = await requireFunction(view, reference, input.RevisionId);
      return presentVersion(view, reference.scope, { ...latest, code });
    });
  }
  const before: FunctionVersion[] = [];
  const output = await context.store.transact(async (tx) => {
    before.length = 0;
    const record = await requireFunction(tx, reference, input.RevisionId);
    before.push(record.latest);
    await retainBlob(tx, code.blobId);
    await releaseCode(tx, record.latest.code, context);
    const latest: FunctionVersion = {
      ...record.latest,
      code,
      architecture: input.Architectures?.[0] ?? record.latest.architecture,
      lastModified: lambdaTimestamp(context.nowMs),
      revisionId: randomUuid(context.random),
    };
    return putLatest(tx, context, { record, latest, reference, publish: input.Publish });
  });
  await retire(before, reference, context);
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
    const latest = newVersion({
      name: reference.name,
      settings,
      code: record.latest.code,
      nowMs: context.nowMs,
      revisionId: randomUuid(context.random),
    });
    return putLatest(tx, context, { record, latest, reference, publish: false });
  });
  await retire(before, reference, context);
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
  functions.put(tx, functionKey(reference.scope, reference.name), record);
  if (update.publish !== true) return presentVersion(tx, reference.scope, latest);
  const published = await publishLatest(tx, context, { record, description: undefined });
  return presentVersion(tx, reference.scope, published, published.version);
}

/** Environments of the replaced version end with their current invocation. */
async function retire(
  replaced: readonly FunctionVersion[],
  { scope, name }: FunctionReference,
  context: RequestContext,
): Promise<void> {
  for (const { version, revisionId } of replaced) {
    await context.ports.functions.retire(`${functionArn(scope, name, version)}/${revisionId}/`);
  }
}
