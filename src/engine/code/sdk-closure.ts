// The places on disk that a provided SDK needs, so that a sandbox shows these and nothing beside them.
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Whole scopes that hold nothing but the SDK: one mount in place of a hundred. */
const SDK_SCOPES: ReadonlySet<string> = new Set(['@aws-sdk', '@smithy', '@aws-crypto', '@aws']);

/**
 * The packages of `scopes` in the first of `sources` (node_modules folders) that has them, with all
 * they depend on: folders, and links to folders as pnpm and workspaces make them.
 */
export async function closeOverPackages(
  sources: readonly string[],
  scopes: readonly string[],
): Promise<string[]> {
  const places = new Set<string>();
  const seen = new Set<string>();
  const pending: string[] = [];
  for (const scope of scopes) {
    for (const source of sources) {
      const names = await readdir(join(source, scope)).catch(() => []);
      pending.push(...names.map((name) => join(source, scope, name)));
      if (names.length > 0) break;
    }
  }
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const folder = await realpath(path).catch(() => undefined);
    if (folder === undefined) continue;
    for (const place of await placesOf(path)) places.add(place);
    for (const name of await dependenciesOf(folder)) {
      const found = await findPackage(folder, name);
      if (found !== undefined) pending.push(found);
    }
  }
  return withoutInner([...places]);
}

/** A package that is a folder is in its scope; a link needs itself, what is in between, and its target. */
async function placesOf(path: string): Promise<string[]> {
  const places: string[] = [];
  let at = path;
  for (;;) {
    // The scope itself may be a link.
    const parent = dirname(at);
    if ((await lstat(parent)).isSymbolicLink()) places.push(parent);
    at = join(await realpath(parent), basename(at));
    if (!(await lstat(at)).isSymbolicLink()) break;
    places.push(at);
    at = resolve(dirname(at), await readlink(at));
  }
  const scope = dirname(at);
  const isWhole = SDK_SCOPES.has(basename(scope)) && !(await holdsLinks(scope));
  return [...places, isWhole ? scope : at];
}

async function holdsLinks(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  return (await lstat(folder)).isSymbolicLink() || entries.some((entry) => entry.isSymbolicLink());
}

async function dependenciesOf(folder: string): Promise<string[]> {
  try {
    const text = await readFile(join(folder, 'package.json'), 'utf8');
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(text) as {
      dependencies?: Record<string, string>;
      peerDependencies?: Record<string, string>;
    };
    return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
  } catch {
    return [];
  }
}

/** As Node.js looks for it: in the node_modules of each folder above. */
async function findPackage(from: string, name: string): Promise<string | undefined> {
  for (let at = from; ; at = dirname(at)) {
    if (basename(at) !== 'node_modules') {
      const candidate = join(at, 'node_modules', name);
      if (await lstat(candidate).then(() => true, () => false)) return candidate;
    }
    if (dirname(at) === at) return undefined;
  }
}

function withoutInner(places: readonly string[]): string[] {
  const kept: string[] = [];
  for (const place of places.toSorted()) {
    if (!kept.some((outer) => place.startsWith(`${outer}/`))) kept.push(place);
  }
  return kept;
}
