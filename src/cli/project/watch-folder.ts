// Watches a project's files and reports edits in small groups.
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file in several steps: one report for all of them. */
const SETTLE_MS = 40;
const IGNORED = /(^|[\\/])(node_modules|\.git|\.cloudlet|\.aws-sam|dist|__pycache__)([\\/]|$)|~$|\.sw[px]$/;

/** Calls `changed` with absolute paths, never twice at once. */
export function watchFolder(
  folder: string,
  changed: (paths: readonly string[]) => Promise<void>,
): { close(): void } {
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

  const watcher: FSWatcher = watch(folder, { recursive: true }, (_event, name) => {
    if (name === null || IGNORED.test(name)) return;
    pending.add(join(folder, name));
    if (!busy) schedule();
  });
  return {
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
