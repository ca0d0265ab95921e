// A shell in a mount namespace of its own that puts code into sandboxes which already run.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname, relative } from 'node:path';
import type { CodeTree } from '../code/code-trees.ts';

export interface AgentFolders {
  /** Holds the environments' folders, each with `task` and `opt`. Shared with the sandboxes. */
  readonly run: string;
  /** Holds the code trees. */
  readonly trees: string;
}

export interface MountAgent {
  /** What a sandbox's command begins with, so that it sees mounts made later. */
  readonly enter: readonly string[];
  /** What a command begins with to have this process's rights over networks; empty where it has them. */
  readonly enterUser: readonly string[];
  /** Shows the tree at `task` and `opt` of the environment's folder, read-only, there and inside. */
  attach(folder: string, tree: CodeTree): Promise<void>;
  close(): void;
}

/*
 * Mounts made below `run` in this namespace travel into the namespaces of sandboxes started from it,
 * because `run` is shared and they are its slaves; each of them sees its own folder only. The machine's
 * own mount table stays as it is. Without privileges the shell is root of a user namespace, which is
 * enough. A mount goes when the folder it covers is removed, and all of them with the shell.
 */
const SCRIPT = `
mount -n --bind "$1" "$1" && mount -n --make-shared "$1" &&
mount -n --bind "$2" "$2" && mount -n -o remount,bind,ro,nosuid,nodev "$2" || exit 1
echo 0
while read -r folder tree parts; do
  mount -n --bind "$2/$tree/task" "$1/$folder/task" &&
    { [ "$parts" = task ] || mount -n --bind "$2/$tree/opt" "$1/$folder/opt"; }
  echo $?
done
`;

/** Undefined where such namespaces cannot be had. */
export async function startMountAgent(folders: AgentFolders): Promise<MountAgent | undefined> {
  mkdirSync(folders.trees, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? [] : ['--user', '--map-root-user'];
  const args = [...user, '--mount', '--propagation', 'private', '/bin/sh', '-c', SCRIPT, 'sh'];
  const shell = spawn('unshare', [...args, folders.run, folders.trees], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Spared by a Ctrl-C meant for the engine; it ends when its input does.
    detached: true,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const answers = readAnswers(shell);
  if ((await answers.next()) !== '0' || shell.pid === undefined) return undefined;
  const target = ['nsenter', '--target', String(shell.pid), '--mount'];
  const enter = isRoot ? target : [...target, '--user', '--preserve-credentials'];
  if (!(await runs([...enter, '/bin/sh', '-c', 'exit 0']))) {
    shell.stdin?.end();
    return undefined;
  }
  return {
    enter,
    enterUser: isRoot ? [] : ['nsenter', '--target', String(shell.pid), '--user', '--preserve-credentials'],
    async attach(folder, tree) {
      const hash = basename(dirname(tree.taskRoot));
      const answer = answers.next();
      const parts = tree.hasLayers ? 'both' : 'task';
      shell.stdin?.write(`${relative(folders.run, folder)} ${hash} ${parts}\n`);
      if ((await answer) !== '0') throw new Error('the code could not be put into its sandbox');
    },
    close() {
      shell.stdin?.end();
    },
  };
}

/** Lines of the shell, one per request, in order; undefined once it has ended. */
function readAnswers(shell: ChildProcess): { next(): Promise<string | undefined> } {
  const waiting: ((line: string | undefined) => void)[] = [];
  let text = '';
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const resolve of waiting.splice(0)) resolve(undefined);
  };
  shell.stdout?.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString('latin1')).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) waiting.shift()?.(line);
  });
  shell.once('error', end);
  shell.once('exit', end);
  shell.stdin?.on('error', () => {});
  shell.unref();
  // Only somebody who waits for it keeps the engine's process alive.
  const output = shell.stdout instanceof Socket ? shell.stdout : undefined;
  output?.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    async next() {
      if (ended) return undefined;
      output?.ref();
      const line = await new Promise<string | undefined>((resolve) => waiting.push(resolve));
      if (waiting.length === 0) output?.unref();
      return line;
    },
  };
}

function runs([file = '', ...args]: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 5000 }, (error) => resolve(error === null));
  });
}
