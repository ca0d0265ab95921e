// Puts code into environments that were forked: a helper that steps into their mount namespaces.
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { CodeTree } from '../code/code-trees.ts';

export interface CodeAgent {
  /** Shows the tree at /var/task and /opt, to this process and those it shares its mounts with. */
  attach(pid: number, tree: CodeTree): Promise<void>;
  close(): void;
}

/*
 * A copy of the code's mount is taken where the code lies, and moved to its place where the environment
 * is: neither sees the other's files. Mounts that travelled there by themselves, as those of the mount
 * agent do, would be seen by all environments of one zygote, each time in the kernel's tables.
 */
const SCRIPT = `
import ctypes, os, sys
OPEN_TREE, MOVE_MOUNT, CLONE_NEWNS = 428, 429, 0x20000
CLONE_OF_TREE, EMPTY_PATH, HERE = 1 | os.O_CLOEXEC, 4, -100
libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/mnt", os.O_RDONLY)

def checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, what + ": " + os.strerror(number))
    return result

def attach(pid, folders):
    trees = [(checked(libc.syscall(OPEN_TREE, HERE, source.encode(), CLONE_OF_TREE), source), place) for source, place in folders]
    theirs = os.open("/proc/%d/ns/mnt" % pid, os.O_RDONLY)
    try:
        checked(libc.setns(theirs, CLONE_NEWNS), "setns")
        for tree, place in trees:
            checked(libc.syscall(MOVE_MOUNT, tree, b"", HERE, place, EMPTY_PATH), "move_mount")
    finally:
        checked(libc.setns(home, CLONE_NEWNS), "setns")
        for descriptor in [theirs] + [tree for tree, _ in trees]:
            os.close(descriptor)

print("ready", flush=True)
for line in sys.stdin:
    pid, name, parts = line.split()
    folder = sys.argv[1] + "/" + name
    wanted = [(folder + "/task", b"/var/task")] + ([(folder + "/opt", b"/opt")] if parts == "both" else [])
    try:
        attach(int(pid), wanted)
        print("done", flush=True)
    except Exception as error:
        print(str(error).replace("\\n", " "), flush=True)
`;

/**
 * @param enter what its command begins with, to be where the code lies read-only, with the right to mount.
 * @param python any of the machine's, from 3.8 on. Rejects with the reason where it cannot work.
 */
export async function startCodeAgent(enter: readonly string[], python: string, trees: string): Promise<CodeAgent> {
  const [file, ...args] = [...enter, python, '-I', '-S', '-c', SCRIPT, trees];
  const child = spawn(file ?? python, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Spared by a Ctrl-C meant for the engine; it ends when its input does.
    detached: true,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const waiting: ((answer: string) => void)[] = [];
  const ended = 'the agent that puts code into environments has ended';
  let isOpen = true;
  const end = (): void => {
    isOpen = false;
    for (const resolve of waiting.splice(0)) resolve(ended);
  };
  child.once('error', end);
  child.once('exit', end);
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.(line);
    if (waiting.length === 0) hold(false);
  });
  child.unref();
  const streams = [child.stdin, child.stdout];
  /** Only somebody who waits for it keeps the engine's process alive. */
  function hold(isHeld: boolean): void {
    for (const stream of streams) {
      if (stream instanceof Socket) stream[isHeld ? 'ref' : 'unref']();
    }
  }
  async function ask(text: string, wanted: string): Promise<void> {
    const answer = await new Promise<string>((resolve) => {
      if (!isOpen) return resolve(ended);
      waiting.push(resolve);
      hold(true);
      if (text !== '') child.stdin.write(text);
    });
    if (answer !== wanted) throw new Error(answer);
  }
  await ask('', 'ready');
  return {
    attach: (pid, tree) =>
      ask(`${pid} ${basename(dirname(tree.taskRoot))} ${tree.hasLayers ? 'both' : 'task'}\n`, 'done'),
    close: () => child.stdin.end(),
  };
}
