// Which Node.js runs a nodejs* function: this process's, the user's, a fetched one, else this process's all the same.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ask, isExecutable, listFolder, newestOf } from './executables.ts';
import { type FinderSettings, refusal } from './finder-settings.ts';
import { installPackage, nodePackage, nodeProgram } from './fetch-package.ts';
import type { Runtime } from './runtime.ts';

type NodeFound = Pick<Runtime, 'executable' | 'actualVersion' | 'source'>;

export async function findNode(id: string, major: string, settings: FinderSettings): Promise<Runtime> {
  const found =
    (await givenNode(id, settings.nodeExecutables[major])) ??
    ownNode(major) ??
    managedNode(major) ??
    (await fetchedNode(id, major, settings)) ??
    otherNode(id, major, settings);
  return { family: 'nodejs', id, version: major, ...found, sitePackages: [] };
}

async function givenNode(id: string, executable: string | undefined): Promise<NodeFound | undefined> {
  if (executable === undefined) return undefined;
  const version = await ask(executable, ['--version']);
  if (version === undefined) throw refusal(id, `${executable} does not start`);
  return { executable, actualVersion: version.replace(/^v/, ''), source: 'named by the operator' };
}

/** Whether this machine has that major without fetching it. */
export function hasNode(major: string): boolean {
  return (ownNode(major) ?? managedNode(major)) !== undefined;
}

function ownNode(major: string): NodeFound | undefined {
  const actualVersion = process.versions.node;
  if (!actualVersion.startsWith(`${major}.`)) return undefined;
  return { executable: process.execPath, actualVersion, source: 'the Node.js that runs Cloudlet' };
}

/** Installed by nvm. */
function managedNode(major: string): NodeFound | undefined {
  const root = join(process.env['NVM_DIR'] ?? join(homedir(), '.nvm'), 'versions', 'node');
  const version = newestOf(listFolder(root).filter((name) => name.startsWith(`v${major}.`)));
  if (version === undefined) return undefined;
  const executable = join(root, version, 'bin', 'node');
  if (!isExecutable(executable)) return undefined;
  return { executable, actualVersion: version.slice(1), source: 'nvm' };
}

async function fetchedNode(
  id: string,
  major: string,
  { cache, fetches, onNotice }: FinderSettings,
): Promise<NodeFound | undefined> {
  const wanted = nodePackage(major);
  if (wanted === undefined) return undefined;
  const describe = (folder: string): NodeFound => ({
    executable: nodeProgram(folder),
    actualVersion: wanted.version,
    source: `fetched, ${wanted.about.replace(/.*\((.*)\)/, '$1')}`,
  });
  const present = cache.find(wanted.name);
  if (present !== undefined) return describe(present);
  if (!fetches) return undefined;
  onNotice(`${id}: fetching ${wanted.about}, about 50 MB, once for this machine`);
  const startedAt = performance.now();
  try {
    const folder = await installPackage(cache, wanted);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    onNotice(`${id}: Node.js ${wanted.version} is here, after ${seconds} s`);
    return describe(folder);
  } catch (error) {
    onNotice(`${id}: Node.js ${major} could not be fetched: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function otherNode(id: string, major: string, { onNotice }: FinderSettings): NodeFound {
  const actualVersion = process.versions.node;
  const remedy = nodePackage(major) === undefined ? '' : `. \`cloudlet runtimes install ${id}\` fetches one`;
  onNotice(`${id} runs on Node.js ${actualVersion}: this machine has no Node.js ${major}${remedy}`);
  return { executable: process.execPath, actualVersion, source: 'the Node.js that runs Cloudlet, of another major' };
}
