// Looks for programs on this machine: folders, PATH, versions. Starts nothing but what it is told to ask.
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Folders of PATH, in order. */
export function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

export function findOnPath(name: string): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`, name] : [name];
  for (const folder of pathFolders()) {
    const found = names.map((each) => join(folder, each)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `10.2` is newer than `9.9`. */
export function newestOf(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
}

/** What a program prints when asked for its version and the like; undefined when it cannot be asked. */
export function ask(file: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve(error === null ? stdout.trim() || stderr.trim() : undefined);
    });
  });
}

/** The wanted one first, then the nearest, the newer of two equally near. */
export function byDistance<T extends { readonly minor: number }>(all: readonly T[], wanted: number): T[] {
  return all.toSorted(
    (a, b) => Math.abs(a.minor - wanted) - Math.abs(b.minor - wanted) || b.minor - a.minor,
  );
}
