// What `cloudlet runtimes` shows: each identifier, what runs it here, and the SDK it is provided with.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import {
  RUNTIME_IDENTIFIERS,
  RUNTIMES_TAKEN,
  isBlocked,
  type RuntimeIdentifier,
} from '../../base/runtime-identifiers.ts';
import { findNodeModules } from '../code/provided-modules.ts';
import { listFolder, newestOf } from './executables.ts';
import { nodePackage, sdkJsPackage } from './fetch-package.ts';
import type { Runtime } from './runtime.ts';
import type { RuntimeCache } from './runtime-cache.ts';
import { createRuntimeFinder, type RuntimeFinder } from './runtimes.ts';

export interface RuntimeRow {
  readonly runtime: string;
  /** What AWS does with it: deprecated ones run on; blocked ones are not created, then not updated either. */
  readonly aws: 'supported' | 'deprecated' | 'create blocked' | 'update blocked';
  readonly deprecated?: string;
  readonly createBlocked?: string;
  readonly updateBlocked?: string;
  /** `exact`: the version it names; `other`: another version; `fetch`: another one unless fetched; `none`. */
  readonly runs: 'exact' | 'other' | 'fetch' | 'none';
  readonly version?: string;
  readonly executable?: string;
  readonly source?: string;
  /** Why it does not run here. */
  readonly reason?: string;
  readonly sdk?: ProvidedSdk;
}

export interface ProvidedSdk {
  /** `AWS SDK for JavaScript`, `boto3` */
  readonly name: string;
  readonly version: string;
  readonly source: string;
}

/** Fetches nothing. */
export async function listRuntimes(cache: RuntimeCache): Promise<RuntimeRow[]> {
  const finder = createRuntimeFinder({ onNotice() {}, nodeExecutables: {}, cache, fetches: false });
  const javaScriptSdk = describeSdkJs(cache);
  return Promise.all(RUNTIME_IDENTIFIERS.map((row) => describe(row, finder, javaScriptSdk)));
}

async function describe(
  row: RuntimeIdentifier,
  finder: RuntimeFinder,
  javaScriptSdk: ProvidedSdk | undefined,
): Promise<RuntimeRow> {
  const { id, deprecated, createBlocked, updateBlocked } = row;
  const dates = {
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(createBlocked === undefined ? {} : { createBlocked }),
    ...(updateBlocked === undefined ? {} : { updateBlocked }),
  };
  const known = { runtime: id, aws: phaseOf(row), ...dates };
  try {
    const runtime = await finder.find(id);
    const { actualVersion: version, executable, source } = runtime;
    const sdk = runtime.family === 'nodejs' ? javaScriptSdk : describeBoto3(runtime);
    return {
      ...known,
      runs: fitOf(runtime),
      version,
      source,
      ...(executable === '' ? {} : { executable }),
      ...(sdk === undefined ? {} : { sdk }),
    };
  } catch (error) {
    if (!(error instanceof FunctionUnavailable)) throw error;
    return { ...known, runs: 'none', reason: error.message.replace(/^.* cannot run here: /, '') };
  }
}

function phaseOf(row: RuntimeIdentifier): RuntimeRow['aws'] {
  if (isBlocked(row, 'update')) return 'update blocked';
  if (isBlocked(row, 'create')) return 'create blocked';
  return row.deprecated !== undefined && row.deprecated <= RUNTIMES_TAKEN ? 'deprecated' : 'supported';
}

function fitOf({ family, version, actualVersion }: Runtime): RuntimeRow['runs'] {
  const actual = family === 'java' ? actualVersion.replace(/^1\./, '') : actualVersion;
  if (actual === version || actual.startsWith(`${version}.`)) return 'exact';
  return family === 'nodejs' && nodePackage(version) !== undefined ? 'fetch' : 'other';
}

/** Fetched, or found above the working directory as a function of a cloud started here would have it. */
function describeSdkJs(cache: RuntimeCache): ProvidedSdk | undefined {
  const fetched = cache.find(sdkJsPackage.name);
  const name = 'AWS SDK for JavaScript';
  if (fetched !== undefined) return { name, version: sdkJsPackage.version, source: fetched };
  const [source] = findNodeModules(process.cwd());
  if (source === undefined) return undefined;
  const clients = listFolder(join(source, '@aws-sdk')).filter((each) => each.startsWith('client-'));
  const versions = clients.map((client) => readVersion(join(source, '@aws-sdk', client, 'package.json')));
  const version = newestOf(versions.filter((each) => each !== undefined));
  return version === undefined ? undefined : { name, version, source };
}

function readVersion(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version;
  } catch {
    return undefined;
  }
}

function describeBoto3({ sitePackages: [source] }: Runtime): ProvidedSdk | undefined {
  if (source === undefined) return undefined;
  const entry = listFolder(source).find((name) => /^boto3-.*\.dist-info$/.test(name));
  const version = /^boto3-(.*)\.dist-info$/.exec(entry ?? '')?.[1];
  return version === undefined ? undefined : { name: 'boto3', version, source };
}
