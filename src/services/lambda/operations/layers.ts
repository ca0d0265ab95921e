// Layer versions: publish, get, list, delete.
import type { RequestContext } from '../../../kernel/context.ts';
import { retainBlob } from '../../../kernel/bodies.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseCode, takeInCode } from '../code.ts';
import { invalidParameter, layerNotFound } from '../errors.ts';
import { pageOf } from '../page.ts';
import { lambdaTimestamp } from '../present.ts';
import { parseLayerVersionArn } from '../resolve.ts';
import { type LayerVersionRecord, PER_FUNCTION_MAX, layerCounters, layerVersions } from '../store.ts';

type LayerVersionOutput = OutputOf<'lambda', 'GetLayerVersion'>;

export async function publishLayerVersion(
  input: InputOf<'lambda', 'PublishLayerVersion'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PublishLayerVersion'>> {
  const name = layerNameOf(input.LayerName);
  const code = await takeInCode(input.Content ?? {}, context);
  const layer = await context.store.transact(async (tx) => {
    const counterKey = [context.account, context.region, name];
    const version = (await layerCounters.get(tx, counterKey))?.next ?? 1;
    const record: LayerVersionRecord = {
      name,
      version,
      description: input.Description ?? '',
      compatibleRuntimes: input.CompatibleRuntimes ?? [],
      compatibleArchitectures: input.CompatibleArchitectures ?? [],
      code,
      createdDate: lambdaTimestamp(context.nowMs),
      ...(input.LicenseInfo === undefined ? {} : { licenseInfo: input.LicenseInfo }),
    };
    await retainBlob(tx, code.blobId);
    layerCounters.put(tx, counterKey, { next: version + 1 });
    layerVersions.put(tx, [...counterKey, version], record);
    return record;
  });
  return presentLayer(context, layer);
}

export async function getLayerVersion(
  input: InputOf<'lambda', 'GetLayerVersion'>,
  context: RequestContext,
): Promise<LayerVersionOutput> {
  return readLayer(context, layerNameOf(input.LayerName), input.VersionNumber ?? 0);
}

export async function getLayerVersionByArn(
  input: InputOf<'lambda', 'GetLayerVersionByArn'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetLayerVersionByArn'>> {
  const parsed = parseLayerVersionArn(input.Arn ?? '');
  if (parsed === undefined) throw invalidParameter(`Invalid layer version ARN: ${input.Arn}`);
  return readLayer({ ...context, ...parsed.scope }, parsed.name, parsed.version);
}

export async function listLayerVersions(
  input: InputOf<'lambda', 'ListLayerVersions'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListLayerVersions'>> {
  const rows = await context.store.read((view) =>
    layerVersions.list(view, [context.account, context.region, layerNameOf(input.LayerName)], {
      limit: PER_FUNCTION_MAX,
      reverse: true,
    }),
  );
  const chosen = rows.map((row) => row.value).filter((layer) => suits(layer, input));
  const page = pageOf(chosen, input);
  return {
    LayerVersions: page.items.map((layer) => {
      const { Content: _content, LayerArn: _arn, ...listed } = presentLayer(context, layer);
      return listed;
    }),
    ...page.next,
  };
}

export async function listLayers(
  input: InputOf<'lambda', 'ListLayers'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListLayers'>> {
  const rows = await context.store.read((view) =>
    layerVersions.list(view, [context.account, context.region], { limit: PER_FUNCTION_MAX }),
  );
  const newest = new Map<string, LayerVersionRecord>();
  for (const { value } of rows) if (suits(value, input)) newest.set(value.name, value);
  const page = pageOf([...newest.values()], input);
  return {
    Layers: page.items.map((layer) => {
      const { Content: _content, LayerArn, ...LatestMatchingVersion } = presentLayer(context, layer);
      return { LayerName: layer.name, LayerArn, LatestMatchingVersion };
    }),
    ...page.next,
  };
}

export async function deleteLayerVersion(
  input: InputOf<'lambda', 'DeleteLayerVersion'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteLayerVersion'>> {
  const version = input.VersionNumber ?? 0;
  // An address may say `NaN`: there is no such version to delete.
  if (!Number.isSafeInteger(version)) return {};
  const key = [context.account, context.region, layerNameOf(input.LayerName), version];
  await context.store.transact(async (tx) => {
    const layer = await layerVersions.get(tx, key);
    // AWS: deleting a version that is not there succeeds.
    if (layer === undefined) return;
    layerVersions.delete(tx, key);
    await releaseCode(tx, layer.code, context);
  });
  return {};
}

async function readLayer(
  context: RequestContext,
  name: string,
  version: number,
): Promise<LayerVersionOutput> {
  if (!Number.isSafeInteger(version) || version < 1) {
    throw invalidParameter('Layer Version Cannot be less than 1.');
  }
  const key = [context.account, context.region, name, version];
  const layer = await context.store.read((view) => layerVersions.get(view, key));
  if (layer === undefined) throw layerNotFound();
  return presentLayer(context, layer);
}

/** A layer is named by its name or its ARN. */
function layerNameOf(text: string | undefined): string {
  return (text ?? '').replace(/^arn:aws[a-z-]*:lambda:[^:]+:\d{12}:layer:/, '');
}

function layerArn(context: RequestContext, name: string, version?: number): string {
  const suffix = version === undefined ? '' : `:${version}`;
  return `arn:aws:lambda:${context.region}:${context.account}:layer:${name}${suffix}`;
}

function presentLayer(context: RequestContext, layer: LayerVersionRecord): LayerVersionOutput {
  return {
    Content: { CodeSha256: layer.code.sha256, CodeSize: layer.code.sizeBytes },
    LayerArn: layerArn(context, layer.name),
    LayerVersionArn: layerArn(context, layer.name, layer.version),
    Description: layer.description,
    CreatedDate: layer.createdDate,
    Version: layer.version,
    CompatibleRuntimes: layer.compatibleRuntimes as NonNullable<LayerVersionOutput['CompatibleRuntimes']>,
    CompatibleArchitectures: layer.compatibleArchitectures as NonNullable<
      LayerVersionOutput['CompatibleArchitectures']
    >,
    ...(layer.licenseInfo === undefined ? {} : { LicenseInfo: layer.licenseInfo }),
  };
}

function suits(
  layer: LayerVersionRecord,
  wanted: Pick<InputOf<'lambda', 'ListLayers'>, 'CompatibleRuntime' | 'CompatibleArchitecture'>,
): boolean {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = wanted;
  return (
    (runtime === undefined || layer.compatibleRuntimes.includes(runtime)) &&
    (architecture === undefined || layer.compatibleArchitectures.includes(architecture))
  );
}
