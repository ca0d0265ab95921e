// Published versions: numbering, and what counts as a change.
import { randomUuid } from '../../base/random.ts';
import type { Tx } from '../../base/store.ts';
import type { Scope, WorkContext } from '../../kernel/context.ts';
import { retainArchives } from './code.ts';
import {
  type FunctionConfiguration,
  lambdaTimestamp,
  presentBegun,
  presentConfiguration,
} from './present.ts';
import { CREATING, scheduleSnapshot } from './invocation/snap-start.ts';
import {
  type FunctionRecord,
  type FunctionVersion,
  functionKey,
  functions,
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
    lastModified: lambdaTimestamp(context.nowMs),
    revisionId: randomUuid(context.random),
    ...(latest.snapStart === true ? { state: CREATING } : {}),
  };
  if (published.snapStart === true) scheduleSnapshot(tx, context, published);
  await retainArchives(tx, published);
  versions.put(tx, [...key, nextVersion], published);
  // AWS: publishing gives $LATEST a new revision id, too.
  const touched = { ...latest, revisionId: randomUuid(context.random) };
  functions.put(tx, key, { ...request.record, latest: touched, nextVersion: nextVersion + 1 });
  return published;
}

/** AWS: a version begins as one that is being created; one that was there already is as it is. */
export function presentPublished(
  scope: Scope,
  { nextVersion }: FunctionRecord,
  published: FunctionVersion,
): FunctionConfiguration {
  const configuration = presentConfiguration(scope, published, published.version);
  return published.version === String(nextVersion) ? presentBegun(configuration, 'created') : configuration;
}

/** The build stays the same until the code or a setting changes; a new description is no change. */
function isSame(published: FunctionVersion, latest: FunctionVersion): boolean {
  return comparable(published) === comparable(latest);
}

function comparable(version: FunctionVersion): string {
  const { code, layers, environment, state: _state, ...rest } = version;
  return JSON.stringify({
    ...rest,
    version: '',
    description: '',
    lastModified: '',
    revisionId: '',
    buildId: '',
    code: code.sha256,
    layers: layers.map((layer) => layer.arn),
    environment: Object.entries(environment ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  });
}
