// Watches folders with all below them and reports edits in small groups.
import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file in several steps: one report for all of them. */
const SETTLE_MS = 30;
const IGNORED = /^(node_modules|\.git|\.cloudlet|\.aws-sam|__pycache__)$|~$|\.sw[px]$|\.pyc$/;

export interface FolderWatcher {
  /** Watches a folder and those below it; once is enough. */
  add(folder: string): void;
  close(): void;
}

/** Calls `changed` with absolute paths, never twice at once. */
export function watchFolders(changed: (paths: readonly string[]) => Promise<void>): FolderWatcher {
  // One watcher a folder, not `recursive`: on Linux Node.js would watch every file by its inode, those of
  // packages too, and lose files that editors replace instead of writing to them.
  const watchers = new Map<string, FSWatcher>();
  let pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  async function flush(): Promise<void> {
    if (busy || pending.size === 0) return;
    busy = true;
    const paths = [...pending];
    pending = new Set();
    try {
      await changed(paths);
    } finally {
      busy = false;
      if (pending.size > 0) schedule();
    }
  }

  function schedule(): void {
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), SETTLE_MS);
  }

  function report(path: string): void {
    pending.add(path);
    if (!busy) schedule();
  }

  /** @param isNew what is in it already was made after the folder above was read. */
  function watchTree(folder: string, isNew: boolean): void {
    if (watchers.has(folder)) return;
    try {
      if (!lstatSync(folder).isDirectory()) return;
      const watcher = watch(folder, (event, name) => {
        if (name === null || IGNORED.test(name)) return;
        const path = join(folder, name);
        report(path);
        if (event !== 'rename') return;
        // Made, gone, or another one of the same name.
        forgetTree(path);
        watchTree(path, true);
      });
      watchers.set(folder, watcher);
      watcher.on('error', () => forgetTree(folder));
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (IGNORED.test(entry.name)) continue;
        if (isNew) report(join(folder, entry.name));
        if (entry.isDirectory()) watchTree(join(folder, entry.name), isNew);
      }
    } catch {
      // Gone again.
      forgetTree(folder);
    }
  }

  function forgetTree(folder: string): void {
    for (const [known, watcher] of watchers) {
      if (known !== folder && !known.startsWith(`${folder}/`)) continue;
      watcher.close();
      watchers.delete(known);
    }
  }

  return {
    add: (folder) => watchTree(folder, false),
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
