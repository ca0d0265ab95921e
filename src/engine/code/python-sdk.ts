// Finds boto3 and what it needs on this machine, for interpreters that do not have it themselves.
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** AWS: what the Python runtimes provide. docs.aws.amazon.com/lambda/latest/dg/python-package.html */
const PROVIDED_PACKAGES: readonly string[] = [
  'boto3', 'botocore', 's3transfer', 'jmespath', 'dateutil', 'six', 'urllib3',
];
/** How their metadata folders call themselves, where that is another name. */
const DISTRIBUTIONS: Readonly<Record<string, string>> = { python_dateutil: 'dateutil' };

/** The package that a file or folder of site-packages belongs to, if it is one of the provided. */
export function providedPackageOf(name: string): string | undefined {
  const base = name.replace(/\.py$|-[^-]*\.dist-info$/, '').replaceAll('-', '_').toLowerCase();
  const known = DISTRIBUTIONS[base] ?? base;
  return PROVIDED_PACKAGES.includes(known) ? known : undefined;
}

/**
 * The first of `prefixes` (installations of any minor, the preferred one first) whose packages a
 * Python 3.`minor` can load: complete, without compiled parts, and not meant for newer versions only.
 * Reads folders and two metadata files; starts no process.
 */
export function borrowSitePackages(
  minor: number,
  prefixes: readonly string[],
): { readonly folder: string; readonly ownerMinor: number } | undefined {
  const seen = new Set<string>();
  for (const prefix of prefixes) {
    for (const { folder, ownerMinor } of sitePackagesOf(prefix)) {
      if (seen.has(folder)) continue;
      seen.add(folder);
      if (isLoadable(folder, minor)) return { folder, ownerMinor };
    }
  }
  return undefined;
}

function sitePackagesOf(prefix: string): { folder: string; ownerMinor: number }[] {
  const found: { folder: string; ownerMinor: number }[] = [];
  for (const name of listFolder(join(prefix, 'lib'))) {
    const version = /^python3(?:\.(\d+))?$/.exec(name);
    if (version === null) continue;
    for (const packages of ['site-packages', 'dist-packages']) {
      const folder = join(prefix, 'lib', name, packages);
      if (existsSync(join(folder, 'botocore'))) {
        found.push({ folder, ownerMinor: Number(version[1] ?? 0) });
      }
    }
  }
  return found;
}

function isLoadable(folder: string, minor: number): boolean {
  const names = listFolder(folder);
  const present = new Set(names.filter((name) => !name.endsWith('.dist-info')).map(providedPackageOf));
  if (PROVIDED_PACKAGES.some((name) => !present.has(name))) return false;
  for (const name of names) {
    if (providedPackageOf(name) === undefined) continue;
    if (name.endsWith('.dist-info')) {
      if (requiredMinor(join(folder, name, 'METADATA')) > minor) return false;
    } else if (!name.endsWith('.py') && hasCompiledPart(join(folder, name))) {
      return false;
    }
  }
  return true;
}

/** `Requires-Python: >=3.10` says 10. It stands in the head of the file, before the description. */
function requiredMinor(path: string): number {
  const head = Buffer.alloc(8192);
  try {
    const file = openSync(path, 'r');
    const length = readSync(file, head, 0, head.length, 0);
    closeSync(file);
    const line = /^Requires-Python:.*?>=\s*3\.(\d+)/m.exec(head.toString('utf8', 0, length));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** botocore/data, its thousands of folders, holds JSON only. */
function hasCompiledPart(folder: string): boolean {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    if (item.isDirectory()) {
      if (item.name === 'data' || item.name === '__pycache__') continue;
      if (hasCompiledPart(join(folder, item.name))) return true;
    } else if (/\.(so|pyd|dylib)$/.test(item.name)) {
      return true;
    }
  }
  return false;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
