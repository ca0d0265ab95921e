// Ends every function process when the engine's own process dies, however it dies.
import { type ChildProcess, spawn } from 'node:child_process';

export interface Watchdog {
  /** From now on the process group dies with this process. */
  watch(groupId: number): void;
  /** The group has ended: its id may be somebody else's soon. */
  forget(groupId: number): void;
  close(): void;
}

// Standard input ends when the engine's process is gone, even by kill -9; then every group goes too.
const SCRIPT = `
groups=
while read -r action group; do
  case $action in
    watch) groups="$groups $group" ;;
    forget)
      kept=
      for each in $groups; do [ "$each" = "$group" ] || kept="$kept $each"; done
      groups=$kept ;;
  esac
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
`;

/** Starts its shell with the first group. The shell has a session of its own, so Ctrl-C spares it. */
export function createWatchdog(): Watchdog {
  let shell: ChildProcess | undefined;

  function tell(line: string): void {
    shell?.stdin?.write(`${line}\n`);
  }

  return {
    watch(groupId) {
      if (shell === undefined) {
        shell = spawn('/bin/sh', ['-c', SCRIPT], {
          stdio: ['pipe', 'ignore', 'ignore'],
          detached: true,
          env: {},
        });
        shell.unref();
        // Without it functions still notice that their socket closed; only busy ones would not.
        shell.on('error', () => {});
        shell.stdin?.on('error', () => {});
      }
      tell(`watch ${groupId}`);
    },
    forget(groupId) {
      tell(`forget ${groupId}`);
    },
    close() {
      shell?.stdin?.end();
      shell = undefined;
    },
  };
}
