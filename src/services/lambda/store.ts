// Lambda's state: functions, versions, aliases, policies, mappings, layers. The only file that keeps it.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';

/** A zip in the blob store. */
export interface StoredCode {
  readonly blobId: string;
  /** SHA-256 of the zip, base64. */
  readonly sha256: string;
  readonly sizeBytes: number;
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
  readonly code: StoredCode;
  readonly timeoutSec: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly environment: Readonly<Record<string, string>>;
  /** ARNs of layer versions, in order. */
  readonly layers: readonly string[];
  readonly deadLetterArn?: string;
  readonly tracingMode: 'Active' | 'PassThrough';
  readonly logGroup?: string;
  /** ISO 8601 with the offset as AWS prints it. */
  readonly lastModified: string;
  /** Changes with every change of this version. */
  readonly revisionId: string;
}

export interface FunctionRecord {
  readonly latest: FunctionVersion;
  /** The number the next published version gets. */
  readonly nextVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
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
  readonly Effect: 'Allow';
  readonly Principal: unknown;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface PolicyRecord {
  readonly statements: readonly PolicyStatement[];
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

/** An event source mapping on a queue. */
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
  readonly lastModifiedMs: number;
  readonly lastProcessingResult: string;
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

/** Keyed `[account, region, name]`. */
export const functions = table<FunctionRecord>('lambda/function');
/** Keyed `[account, region, name, number]`: published versions only. */
export const versions = table<FunctionVersion>('lambda/version');
/** Keyed `[account, region, name, alias]`. */
export const aliases = table<AliasRecord>('lambda/alias');
/** Keyed `[account, region, name, qualifier]`; the function itself has the qualifier ``. */
export const policies = table<PolicyRecord>('lambda/policy');
/** Keyed `[account, region, name, qualifier]`; `$LATEST` for the function itself. */
export const invokeConfigs = table<InvokeConfig>('lambda/invoke-config');
/** Keyed `[account, region, uuid]`. */
export const mappings = table<MappingRecord>('lambda/mapping');
/** Keyed `[account, region, uuid]`. */
export const mappingTags = table<Readonly<Record<string, string>>>('lambda/mapping-tags');
/** Keyed `[account, region, layer, number]`. */
export const layerVersions = table<LayerVersionRecord>('lambda/layer-version');
/** Keyed `[account, region, layer]`: the number the next version gets. */
export const layerCounters = table<{ readonly next: number }>('lambda/layer-counter');

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

/** Removes the function with its versions, aliases, policies and invoke configs; returns their code. */
export async function deleteFunctionRows(tx: Tx, scope: Scope, name: string): Promise<StoredCode[]> {
  const key = functionKey(scope, name);
  const record = await functions.get(tx, key);
  const codes: StoredCode[] = record === undefined ? [] : [record.latest.code];
  functions.delete(tx, key);
  for (const row of await versions.list(tx, key, { limit: PER_FUNCTION_MAX })) {
    codes.push(row.value.code);
    versions.delete(tx, row.key);
  }
  for (const rows of [aliases, policies, invokeConfigs]) {
    for (const row of await rows.list(tx, key, { limit: PER_FUNCTION_MAX })) rows.delete(tx, row.key);
  }
  return codes;
}
