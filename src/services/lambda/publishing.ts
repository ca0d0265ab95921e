// Published versions: numbering, and printing a version with the sizes of its layers.
import { randomUuid } from '../../base/random.ts';
import type { ReadTx, Tx } from '../../base/store.ts';
import { retainBlob } from '../../kernel/bodies.ts';
import type { Scope, WorkContext } from '../../kernel/context.ts';
import { type FunctionConfiguration, presentConfiguration } from './present.ts';
import { parseLayerVersionArn } from './resolve.ts';
import {
  type FunctionRecord,
  type FunctionVersion,
  functionKey,
  functions,
  layerVersions,
  versions,
} from './store.ts';

/**
 * Makes the next version of `$LATEST`; when nothing changed since the last one, that one.
 * <API reference, PublishVersion: "Lambda doesn't publish a version if the function's configuration
 * and code haven't changed since the last version">
 */
export async function publishLatest(
  tx: Tx,
  context: WorkContext,
  request: { readonly record: FunctionRecord; readonly description: string | undefined },
): Promise<FunctionVersion> {
  const { latest, nextVersion } = request.record;
  const key = functionKey(context, latest.name);
  const [newest] = await versions.list(tx, key, { limit: 1, reverse: true });
  if (newest !== undefined && isSame(newest.value, latest)) return newest.value;
  const published: FunctionVersion = {
    ...latest,
    version: String(nextVersion),
    description: request.description ?? latest.description,
    revisionId: randomUuid(context.random),
  };
  await retainBlob(tx, published.code.blobId);
  versions.put(tx, [...key, nextVersion], published);
  functions.put(tx, key, { ...request.record, nextVersion: nextVersion + 1 });
  return published;
}

function isSame(published: FunctionVersion, latest: FunctionVersion): boolean {
  const comparable = (version: FunctionVersion): string =>
    JSON.stringify({
      ...version,
      version: '',
      description: '',
      lastModified: '',
      revisionId: '',
      code: version.code.sha256,
    });
  return comparable(published) === comparable(latest);
}

/** Prints a version, looking up what its layers weigh. */
export async function presentVersion(
  view: ReadTx,
  scope: Scope,
  version: FunctionVersion,
  qualifier?: string,
): Promise<FunctionConfiguration> {
  const layerSizes = new Map<string, number>();
  for (const arn of version.layers) {
    const layer = parseLayerVersionArn(arn);
    if (layer === undefined) continue;
    const key = [layer.scope.account, layer.scope.region, layer.name, layer.version];
    layerSizes.set(arn, (await layerVersions.get(view, key))?.code.sizeBytes ?? 0);
  }
  return presentConfiguration(scope, version, {
    layerSizes,
    ...(qualifier === undefined ? {} : { qualifier }),
  });
}
