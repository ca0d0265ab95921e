// Which Java runs a java* function, and the official runtime interface client that speaks for it.
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findOnPath, isExecutable, listFolder } from './executables.ts';
import { type FinderSettings, refusal } from './finder-settings.ts';
import { installPackage, javaClientPackage } from './fetch-package.ts';
import type { Runtime } from './runtime.ts';

interface JavaHome {
  readonly home: string;
  readonly version: string;
  readonly major: number;
}

export async function findJava(id: string, major: number, settings: FinderSettings): Promise<Runtime> {
  const java = chooseJava(listJavas(), major);
  if (java === undefined) throw refusal(id, 'this machine has no Java (on PATH, in JAVA_HOME or in /usr/lib/jvm)');
  if (java.major !== major) {
    settings.onNotice(`${id} runs on Java ${java.version}: this machine has no Java ${major}`);
  }
  return {
    family: 'java',
    id,
    version: String(major),
    actualVersion: java.version,
    executable: join(java.home, 'bin', 'java'),
    source: java.home,
    sitePackages: [],
    clientFolder: await findClient(id, settings),
    companions: settingsOf(java.home),
  };
}

async function findClient(id: string, { cache, fetches, onNotice }: FinderSettings): Promise<string> {
  const present = cache.find(javaClientPackage.name);
  if (present !== undefined) return present;
  const remedy = `\`cloudlet runtimes install ${id}\` fetches the Java runtime interface client by Maven`;
  if (!fetches) throw refusal(id, remedy);
  onNotice(`${id}: fetching ${javaClientPackage.about}, 6 MB, once for this machine`);
  try {
    return await installPackage(cache, javaClientPackage);
  } catch (error) {
    throw refusal(id, `${error instanceof Error ? error.message : String(error)}; ${remedy}`);
  }
}

/** Code for an older Java runs on a newer one; so that comes before the newest that is too old. */
export function chooseJava(javas: readonly JavaHome[], major: number): JavaHome | undefined {
  const sorted = javas.toSorted((a, b) => a.major - b.major);
  return sorted.find((java) => java.major >= major) ?? sorted.at(-1);
}

export function hasJava(): boolean {
  return listJavas().length > 0;
}

function listJavas(): JavaHome[] {
  const homes: string[] = [];
  const named = process.env['JAVA_HOME'];
  if (named !== undefined && named !== '') homes.push(named);
  const onPath = findOnPath('java');
  if (onPath !== undefined) homes.push(dirname(dirname(realpathSync(onPath))));
  for (const root of ['/usr/lib/jvm', '/opt/java', '/Library/Java/JavaVirtualMachines']) {
    for (const name of listFolder(root)) homes.push(join(root, name), join(root, name, 'Contents', 'Home'));
  }
  return homes.map(readHome).filter((home) => home !== undefined);
}

/** Read from the file that every Java since 8 has; nothing is started. */
function readHome(home: string): JavaHome | undefined {
  try {
    const release = readFileSync(join(home, 'release'), 'utf8');
    const version = /^JAVA_VERSION="(.*)"$/m.exec(release)?.[1];
    if (version === undefined || !isExecutable(join(home, 'bin', 'java'))) return undefined;
    return { home, version, major: Number(/^(?:1\.)?(\d+)/.exec(version)?.[1]) };
  } catch {
    return undefined;
  }
}

/** Debian keeps a Java's settings in /etc and links there: without them it does not start. */
function settingsOf(home: string): string[] {
  const folders = new Set<string>();
  for (const name of ['conf/net.properties', 'conf/security/java.security', 'lib/security/cacerts', 'lib/jvm.cfg']) {
    try {
      const folder = dirname(realpathSync(join(home, name)));
      if (!folder.startsWith(home)) folders.add(folder);
    } catch {
      // This one does without.
    }
  }
  return [...folders];
}
