// What `cloudlet runtimes install` fetches for the runtimes it is told.
import { UserError } from '../../base/errors.ts';
import {
  RUNTIME_IDENTIFIERS,
  RUNTIMES_TAKEN,
  findRuntimeIdentifier,
  type RuntimeIdentifier,
} from '../../base/runtime-identifiers.ts';
import { findOnPath } from './executables.ts';
import {
  boto3Package,
  javaClientPackage,
  nodePackage,
  type Package,
  rubyClientPackage,
  sdkJsPackage,
} from './fetch-package.ts';
import { hasJava } from './java-finder.ts';
import { hasNode } from './node-finder.ts';
import { findInterpreter } from './python-finder.ts';

/**
 * The packages for these identifiers, each once: interpreters that are missing, runtime interface
 * clients, and the SDK their functions are provided with. Without identifiers: for all that AWS
 * supports and this machine can make use of.
 */
export async function planInstall(ids: readonly string[], withSdk: boolean): Promise<Package[]> {
  const rows = ids.length > 0 ? ids.map(requireRuntime) : await usefulRuntimes();
  const plan = new Map<string, Package>();
  for (const row of rows) {
    for (const wanted of await packagesOf(row, withSdk)) plan.set(wanted.name, wanted);
  }
  return [...plan.values()];
}

function requireRuntime(id: string): RuntimeIdentifier {
  const row = findRuntimeIdentifier(id);
  if (row !== undefined) return row;
  throw new UserError('ERR_USAGE', `there is no runtime ${JSON.stringify(id)}`, {
    fix: '`cloudlet runtimes` lists them',
  });
}

async function usefulRuntimes(): Promise<RuntimeIdentifier[]> {
  const supported = RUNTIME_IDENTIFIERS.filter(
    ({ deprecated }) => deprecated === undefined || deprecated > RUNTIMES_TAKEN,
  );
  const useful: RuntimeIdentifier[] = [];
  for (const row of supported) if (await isUseful(row)) useful.push(row);
  return useful;
}

async function isUseful({ family, version }: RuntimeIdentifier): Promise<boolean> {
  switch (family) {
    case 'nodejs':
      return true;
    case 'python':
      return (await findInterpreter(minorOf(version)))?.minor === minorOf(version);
    case 'java':
      return hasJava() && findOnPath('mvn') !== undefined;
    case 'ruby':
      return findOnPath('ruby') !== undefined && findOnPath('gem') !== undefined;
    case 'dotnet':
    case 'go':
    case 'provided':
      return false;
  }
}

async function packagesOf({ id, family, version }: RuntimeIdentifier, withSdk: boolean): Promise<Package[]> {
  const sdkJs = withSdk ? [sdkJsPackage] : [];
  switch (family) {
    case 'nodejs': {
      if (hasNode(version)) return sdkJs;
      const node = nodePackage(version);
      if (node === undefined) throw notFetched(id, `no package has Node.js ${version} for ${process.platform}-${process.arch}`);
      return [node, ...sdkJs];
    }
    case 'python': {
      const interpreter = await findInterpreter(minorOf(version));
      if (interpreter === undefined) throw notFetched(id, 'this machine has no Python 3 from 3.8 on');
      return withSdk ? [boto3Package(interpreter.minor, interpreter.executable)] : [];
    }
    case 'java':
      return [javaClientPackage];
    case 'ruby':
      return [rubyClientPackage];
    case 'dotnet':
    case 'go':
    case 'provided':
      throw notFetched(id, 'no registry that is asked here has anything for it');
  }
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

function notFetched(id: string, reason: string): UserError {
  return new UserError('ERR_RUNTIME', `nothing is fetched for ${id}: ${reason}`, {
    fix: '`cloudlet runtimes` shows what runs each of them',
  });
}
