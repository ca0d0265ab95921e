// Layer versions: publish, get, list, delete.
import type { RequestContext } from '../../../kernel/context.ts';
import { retainBlob } from '../../../kernel/bodies.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { releaseCode, takeInCode } from '../code.ts';
import { invalidParameter, layerForbidden, layerNotFound, validationFailed } from '../errors.ts';
import {
  type LayerReference,
  type LayerVersionReference,
  checkLayerAccess,
  layerArn,
  layerVersionKey,
  parseLayerReference,
  parseLayerVersionArn,
} from '../layer-reference.ts';
import { pageOf } from '../page.ts';
import { lambdaTimestamp } from '../present.ts';
import {
  type LayerVersionRecord,
  PER_FUNCTION_MAX,
  layerCounters,
  layerPolicies,
  layerVersions,
} from '../store.ts';

type LayerVersionOutput = OutputOf<'lambda', 'GetLayerVersion'>;

/** The form AWS quotes to who asks for something else by ARN. <recorded by localstack> */
const ARN_PATTERN = String.raw`arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+`;

export async function publishLayerVersion(
  input: InputOf<'lambda', 'PublishLayerVersion'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PublishLayerVersion'>> {
  const layer = ownLayer(input.LayerName, context);
  const code = await takeInCode(input.Content ?? {}, context);
  const record = await context.store.transact(async (tx) => {
    const counterKey = [layer.scope.account, layer.scope.region, layer.name];
    const version = (await layerCounters.get(tx, counterKey))?.next ?? 1;
    const published: LayerVersionRecord = {
      name: layer.name,
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
    layerVersions.put(tx, [...counterKey, version], published);
    return published;
  });
  return presentWithContent(layer, record, context);
}

export async function getLayerVersion(
  input: InputOf<'lambda', 'GetLayerVersion'>,
  context: RequestContext,
): Promise<LayerVersionOutput> {
  const layer = parseLayerReference(input.LayerName ?? '', context);
  return readLayer({ ...layer, version: input.VersionNumber ?? 0 }, context);
}

export async function getLayerVersionByArn(
  input: InputOf<'lambda', 'GetLayerVersionByArn'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetLayerVersionByArn'>> {
  const reference = parseLayerVersionArn(input.Arn ?? '');
  if (reference === undefined) {
    throw validationFailed(
      `1 validation error detected: Value '${input.Arn}' at 'arn' failed to satisfy constraint: Member must satisfy regular expression pattern: ${ARN_PATTERN}`,
    );
  }
  return readLayer(reference, context);
}

export async function listLayerVersions(
  input: InputOf<'lambda', 'ListLayerVersions'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListLayerVersions'>> {
  const layer = ownLayer(input.LayerName, context);
  const rows = await context.store.read((view) =>
    layerVersions.list(view, [layer.scope.account, layer.scope.region, layer.name], {
      limit: PER_FUNCTION_MAX,
      reverse: true,
    }),
  );
  const chosen = rows.map((row) => row.value).filter((record) => suits(record, input));
  const page = pageOf(chosen, input);
  return {
    LayerVersions: page.items.map((record) => presentVersion(layer, record)),
    ...page.next,
  };
}

export async function listLayers(
  input: InputOf<'lambda', 'ListLayers'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListLayers'>> {
  const { account, region } = context;
  const rows = await context.store.read((view) =>
    layerVersions.list(view, [account, region], { limit: PER_FUNCTION_MAX }),
  );
  const newest = new Map<string, LayerVersionRecord>();
  for (const { value } of rows) if (suits(value, input)) newest.set(value.name, value);
  const page = pageOf([...newest.values()], input);
  return {
    Layers: page.items.map((record) => {
      const layer = { scope: { account, region }, name: record.name };
      return {
        LayerName: record.name,
        LayerArn: layerArn(layer),
        LatestMatchingVersion: presentVersion(layer, record),
      };
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
  if (version < 1) throw invalidParameter('Layer Version Cannot be less than 1');
  const key = layerVersionKey({ ...ownLayer(input.LayerName, context), version });
  await context.store.transact(async (tx) => {
    const layer = await layerVersions.get(tx, key);
    // AWS: deleting a version that is not there succeeds.
    if (layer === undefined) return;
    layerVersions.delete(tx, key);
    layerPolicies.delete(tx, key);
    await releaseCode(tx, layer.code, context);
  });
  return {};
}

/** Only its own account changes or lists a layer, whatever the ARN says. */
function ownLayer(text: string | undefined, context: RequestContext): LayerReference {
  const layer = parseLayerReference(text ?? '', context);
  if (layer.scope.account === context.account) return layer;
  const who = 'arn' in context.principal ? context.principal.arn : `arn:aws:iam::${context.account}:root`;
  throw layerForbidden(who, `lambda:${context.operation}`, layerArn(layer));
}

async function readLayer(
  reference: LayerVersionReference,
  context: RequestContext,
): Promise<LayerVersionOutput> {
  const { version } = reference;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw invalidParameter('Layer Version Cannot be less than 1');
  }
  return context.store.read(async (view) => {
    await checkLayerAccess(view, reference, context);
    const record = await layerVersions.get(view, layerVersionKey(reference));
    if (record === undefined) throw layerNotFound();
    return presentWithContent(reference, record, context);
  });
}

function presentWithContent(
  layer: LayerReference,
  record: LayerVersionRecord,
  context: RequestContext,
): LayerVersionOutput {
  const { sha256, sizeBytes } = record.code;
  const { account, region } = layer.scope;
  const path = [account, region, layer.name, String(record.version)].map(encodeURIComponent).join('/');
  return {
    Content: {
      // AWS: a presigned S3 URL of its own bucket; ours is served by this cloud (`code-download.ts`).
      Location: `${context.endpoint}/_aws/lambda/layer/${path}?sha256=${encodeURIComponent(sha256)}`,
      CodeSha256: sha256,
      CodeSize: sizeBytes,
    },
    LayerArn: layerArn(layer),
    ...presentVersion(layer, record),
  };
}

type VersionOutput = NonNullable<OutputOf<'lambda', 'ListLayerVersions'>['LayerVersions']>[number];

function presentVersion(layer: LayerReference, record: LayerVersionRecord): VersionOutput {
  return {
    LayerVersionArn: layerArn(layer, record.version),
    Description: record.description,
    CreatedDate: record.createdDate,
    Version: record.version,
    CompatibleRuntimes: record.compatibleRuntimes as NonNullable<VersionOutput['CompatibleRuntimes']>,
    CompatibleArchitectures: record.compatibleArchitectures as NonNullable<
      VersionOutput['CompatibleArchitectures']
    >,
    ...(record.licenseInfo === undefined ? {} : { LicenseInfo: record.licenseInfo }),
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
