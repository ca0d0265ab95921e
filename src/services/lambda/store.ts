// Lambda's state: functions, versions, aliases, policies, mappings, layers. The only file that keeps it.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { FunctionImage, LoggingSettings } from '../../base/function-runner.ts';
import type { Scope } from '../../kernel/context.ts';
import { definitionTable, table } from '../../kernel/table.ts';

/** A zip in the blob store. */
export interface StoredCode {
  readonly blobId: string;
  /** SHA-256 of the zip, base64. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Sum of the entries' uncompressed sizes. */
  readonly unpackedBytes: number;
}

/** A layer version in use: its code stays even when the layer version is deleted. */
export interface LayerUse {
  readonly arn: string;
  readonly code: StoredCode;
}

/** A version that cannot be invoked: not yet, or never. */
export interface VersionState {
  readonly status: 'Pending' | 'Failed';
  readonly reason: string;
  readonly reasonCode: string;
}

/** One version of a function: what runs, and how. */
export interface FunctionVersion {
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  readonly description: string;
  readonly runtime: string;
  readonly handler: string;
  readonly role: string;
  /** Of an image: its digest, and no blob. */
  readonly code: StoredCode;
  /** Present: it runs from a container image; `runtime` and `handler` are empty. */
  readonly image?: FunctionImage;
  readonly timeoutSec: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Absent: never given. AWS prints an empty map only where one was given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In order. */
  readonly layers: readonly LayerUse[];
  readonly deadLetterArn?: string;
  readonly tracingMode: 'Active' | 'PassThrough';
  readonly logGroup?: string;
  /** Absent: plain text. */
  readonly logging?: LoggingSettings;
  /** Published versions start from a snapshot (SnapStart). */
  readonly snapStart?: true;
  /** Absent: active. */
  readonly state?: VersionState;
  /** ISO 8601 with the offset as AWS prints it. */
  readonly lastModified: string;
  /** Changes with every change of this version, of its policy included. */
  readonly revisionId: string;
  /** Changes with the code and the settings: execution environments are of one build. */
  readonly buildId: string;
}

export interface FunctionRecord {
  readonly latest: FunctionVersion;
  /** The number the next published version gets. */
  readonly nextVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
  readonly codeSigningConfigArn?: string;
  /** Absent: loops of invocations are stopped. */
  readonly allowsRecursion?: true;
}

/** Provisioned concurrency of a version or alias. */
export interface ProvisionedRecord {
  readonly qualifier: string;
  readonly requested: number;
  /** Environments that are ready. */
  readonly allocated: number;
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED';
  readonly statusReason?: string;
  /** As AWS prints it. */
  readonly lastModified: string;
}

/** Whose signatures archives must bear, and what happens to those without. */
export interface CodeSigningConfig {
  readonly id: string;
  readonly description?: string;
  /** ARNs of the versions of signing profiles. */
  readonly publishers: readonly string[];
  readonly untrustedArtifacts: 'Warn' | 'Enforce';
  readonly lastModified: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** When a version of a function moves to a new version of its runtime. */
export interface RuntimeManagement {
  readonly updatesOn: 'Auto' | 'FunctionUpdate' | 'Manual';
  /** Present with `Manual`. */
  readonly runtimeVersionArn?: string;
}

export interface AliasRecord {
  readonly name: string;
  readonly functionVersion: string;
  readonly description: string;
  /** A second version and its share of the traffic, 0..1. */
  readonly weights: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

/** A resource policy's statement as AWS prints it. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, unknown>>;
}

export interface PolicyRecord {
  readonly statements: readonly PolicyStatement[];
}

/** Who may use a layer version besides its owner. */
export interface LayerPolicyRecord extends PolicyRecord {
  readonly revisionId: string;
}

/** How asynchronous invocations of a function, version or alias are retried and reported. */
export interface InvokeConfig {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSec?: number;
  readonly onSuccessArn?: string;
  readonly onFailureArn?: string;
  readonly lastModifiedMs: number;
}

/** How a mapping reads a stream. */
export interface StreamSettings {
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  /** Present with `AT_TIMESTAMP`. */
  readonly startingTimeMs?: number;
  readonly bisectsOnError: boolean;
  /** -1: until the records expire. */
  readonly retriesMax: number;
  /** -1: until the records expire. */
  readonly recordAgeMaxSec: number;
  /** Batches of one shard that are processed at once. */
  readonly parallelization: number;
  readonly onFailureArn?: string;
  /** Length of the windows that records are summed up in; absent: there are none. */
  readonly tumblingWindowSec?: number;
}

/** Where a mapping stands in a shard. */
export interface StreamCheckpoint {
  /** Sequence number up to which all records are processed. */
  readonly after?: string;
  /** Where to begin while nothing is processed, as long as the iterator lasts. */
  readonly iterator?: string;
  /** When the mapping began to read, ms: records before that are not for it. */
  readonly sinceMs?: number;
  /** The shard is closed and processed to its end. */
  readonly finished?: true;
  /** The tumbling window at work, its state as JSON; absent: none is open. */
  readonly window?: { readonly startMs: number; readonly endMs: number; readonly state: string };
}

/** Records of a stream that a function failed on, to be tried again as this batch. */
export interface StreamRetry {
  /** Sequence number of the last record of the batch. */
  readonly last: string;
  /** How often the function failed on the first of them. */
  readonly failures: number;
}

/** An event source mapping on a queue, or on a stream. */
export interface MappingRecord {
  readonly uuid: string;
  readonly eventSourceArn: string;
  readonly functionName: string;
  /** Version or alias; absent: `$LATEST`. */
  readonly qualifier?: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchWindowSec: number;
  /** Event patterns as JSON text; a record passes when one matches. */
  readonly filters: readonly string[];
  readonly reportsItemFailures: boolean;
  readonly maximumConcurrency?: number;
  /** Pollers that are kept ready, and how many they may become; queues only. */
  readonly provisionedPollers?: { readonly minimum: number; readonly maximum: number };
  /** Events are counted in metrics of the mapping's own. */
  readonly countsEvents?: true;
  /** Present when the source is a stream. */
  readonly stream?: StreamSettings;
  readonly lastModifiedMs: number;
}

export interface LayerVersionRecord {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly licenseInfo?: string;
  readonly compatibleRuntimes: readonly string[];
  readonly compatibleArchitectures: readonly string[];
  readonly code: StoredCode;
  readonly createdDate: string;
}

/** An HTTP address of a function or alias. */
export interface FunctionUrlRecord {
  readonly urlId: string;
  /** Absent: `NONE`. */
  readonly authType?: 'AWS_IAM';
  /** Absent: `BUFFERED`. */
  readonly invokeMode?: 'RESPONSE_STREAM';
  readonly cors?: UrlCors;
  readonly createdMs: number;
  readonly lastModifiedMs: number;
}

/** Cross-origin rules of a function URL, as they were given. */
export interface UrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAgeSec?: number;
}

export interface UrlOwner extends Scope {
  readonly name: string;
  /** Alias; empty for the function itself. */
  readonly qualifier: string;
}

/** Keyed `[account, region, name]`. */
export const functions = definitionTable<FunctionRecord>('lambda/function');
/** Keyed `[account, region, name, number]`: published versions only. */
export const versions = definitionTable<FunctionVersion>('lambda/version');
/** Keyed `[account, region, name, alias]`. */
export const aliases = definitionTable<AliasRecord>('lambda/alias');
/** Keyed `[account, region, name, qualifier]`. */
export const provisioned = table<ProvisionedRecord>('lambda/provisioned');
/** Keyed `[account, region]`: concurrency that is set aside for single functions. */
export const concurrencyTotals = table<{ readonly setAside: number }>('lambda/concurrency-total');
/** Keyed `[account, region, name, qualifier]`; the function itself has the qualifier ``. */
export const policies = table<PolicyRecord>('lambda/policy');
/** Keyed `[account, region, name, qualifier]`; `$LATEST` for the function itself. */
export const invokeConfigs = table<InvokeConfig>('lambda/invoke-config');
/** Keyed `[account, region, uuid]`. */
export const mappings = table<MappingRecord>('lambda/mapping');
/** Keyed `[account, region, uuid]`. */
export const mappingTags = table<Readonly<Record<string, string>>>('lambda/mapping-tags');
/** Keyed `[account, region, uuid, shard id]`. */
export const checkpoints = table<StreamCheckpoint>('lambda/stream-checkpoint');
/** Keyed `[account, region, uuid, shard id, sequence number of the first record]`. */
export const streamRetries = table<StreamRetry>('lambda/stream-retry');
/** Keyed `[account, region, uuid]`: what came of a stream mapping's last batch. */
export const mappingResults = table<{ readonly text: string }>('lambda/mapping-result');
/** Keyed `[account, region, layer, number]`. */
export const layerVersions = table<LayerVersionRecord>('lambda/layer-version');
/** Keyed `[account, region, name, qualifier]`; the function itself has the qualifier ``. */
export const functionUrls = table<FunctionUrlRecord>('lambda/function-url');
/** Keyed `[urlId]`: whose URL it is; its host names the region alone. */
export const urlOwners = table<UrlOwner>('lambda/url-owner');
/** Keyed `[account, region, layer, number]`. */
export const layerPolicies = table<LayerPolicyRecord>('lambda/layer-policy');
/** Keyed `[account, region, id]`. */
export const codeSigningConfigs = table<CodeSigningConfig>('lambda/code-signing-config');
/** Keyed `[account, region, name, version]`, `$LATEST` included; absent: `Auto`. */
export const runtimeManagements = table<RuntimeManagement>('lambda/runtime-management');
/** Keyed `[account, region, layer]`: the number the next version gets. */
export const layerCounters = table<{ readonly next: number }>('lambda/layer-counter');

/** Notified when a version becomes active or fails, and when provisioned environments are ready or fail. */
export const STANDING_TOPIC = 'lambda/standing';

/** Rows of everything that hangs on one function are found within this bound. */
export const PER_FUNCTION_MAX = 10_000;

export function functionKey(scope: Scope, name: string): readonly string[] {
  return [scope.account, scope.region, name];
}

export async function getFunction(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<FunctionRecord | undefined> {
  return functions.get(view, functionKey(scope, name));
}

export async function listAliases(view: ReadTx, scope: Scope, name: string): Promise<AliasRecord[]> {
  const rows = await aliases.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
  return rows.map((row) => row.value);
}

export async function listVersions(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<FunctionVersion[]> {
  const rows = await versions.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
  return rows.map((row) => row.value);
}

/**
 * Gives what a reference names (function, version or alias) a new revision id, as a change of its
 * policy does; returns the one before, or undefined when there is no such thing.
 */
export async function touchRevision(
  tx: Tx,
  target: { readonly scope: Scope; readonly name: string; readonly qualifier: string | undefined },
  revisionId: string,
): Promise<string | undefined> {
  const { scope, name, qualifier } = target;
  const key = functionKey(scope, name);
  if (qualifier === undefined || qualifier === '$LATEST') {
    const record = await functions.get(tx, key);
    if (record === undefined) return undefined;
    functions.put(tx, key, { ...record, latest: { ...record.latest, revisionId } });
    return record.latest.revisionId;
  }
  const isNumber = /^\d+$/.test(qualifier);
  const rowKey = [...key, isNumber ? Number(qualifier) : qualifier];
  if (isNumber) {
    const version = await versions.get(tx, rowKey);
    if (version !== undefined) versions.put(tx, rowKey, { ...version, revisionId });
    return version?.revisionId;
  }
  const alias = await aliases.get(tx, rowKey);
  if (alias !== undefined) aliases.put(tx, rowKey, { ...alias, revisionId });
  return alias?.revisionId;
}

/** Removes the function with all that hangs on it; returns the versions that were. */
export async function deleteFunctionRows(tx: Tx, scope: Scope, name: string): Promise<FunctionVersion[]> {
  const key = functionKey(scope, name);
  const record = await functions.get(tx, key);
  const gone: FunctionVersion[] = record === undefined ? [] : [record.latest];
  functions.delete(tx, key);
  for (const row of await versions.list(tx, key, { limit: PER_FUNCTION_MAX })) {
    gone.push(row.value);
    versions.delete(tx, row.key);
  }
  for (const row of await functionUrls.list(tx, key, { limit: PER_FUNCTION_MAX })) {
    functionUrls.delete(tx, row.key);
    urlOwners.delete(tx, [row.value.urlId]);
  }
  for (const rows of [aliases, policies, invokeConfigs, provisioned, runtimeManagements]) {
    for (const row of await rows.list(tx, key, { limit: PER_FUNCTION_MAX })) rows.delete(tx, row.key);
  }
  return gone;
}
