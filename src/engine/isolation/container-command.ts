// The command line of docker or podman: which one works here, and the few things asked of it.
import { execFile, spawn } from 'node:child_process';
import { FunctionUnavailable } from '../../base/function-runner.ts';

export interface ContainerCommand {
  /** `docker`, `podman`, or what the operator named. */
  readonly file: string;
  /** What it printed; undefined when it failed. */
  ask(args: readonly string[]): Promise<string | undefined>;
  /** Has the image here, fetching it when it is not. Rejects with FunctionUnavailable. */
  requireImage(uri: string): Promise<void>;
  /** Removes containers of engines that are gone, and, once this engine is gone, its own. */
  guard(): Promise<() => void>;
  /** Marks containers as this engine's. */
  readonly label: string;
}

const LABEL = 'cloudlet.engine';
const ANSWER_LIMIT_MS = 30_000;
/** A large image over a slow line. */
const PULL_LIMIT_MS = 15 * 60_000;

// Standard input ends when the engine's process is gone, even by kill -9; then its containers go.
const GUARD = `
cat > /dev/null
ids=$("$1" ps --all --quiet --filter "label=$2")
[ -z "$ids" ] || "$1" rm --force $ids
`;

/** Rejects with FunctionUnavailable when no container engine answers. */
export async function findContainerCommand(named: string | undefined): Promise<ContainerCommand> {
  const reasons: string[] = [];
  for (const file of named === undefined ? ['docker', 'podman'] : [named]) {
    const { output, said } = await run(file, ['version'], ANSWER_LIMIT_MS);
    if (output !== undefined) return createCommand(file);
    reasons.push(`${file}: ${said}`);
  }
  throw new FunctionUnavailable(
    'ContainersUnavailable',
    `functions from container images cannot run here: ${reasons.join('; ')}`,
  );
}

function createCommand(file: string): ContainerCommand {
  const images = new Map<string, Promise<void>>();
  const label = `${LABEL}=${process.pid}`;

  async function fetchImage(uri: string): Promise<void> {
    const present = await run(file, ['image', 'inspect', uri], ANSWER_LIMIT_MS);
    if (present.output !== undefined) return;
    const pulled = await run(file, ['pull', '--quiet', uri], PULL_LIMIT_MS);
    if (pulled.output !== undefined) return;
    throw new FunctionUnavailable('ImageUnavailable', `the image ${uri} cannot be had: ${pulled.said}`);
  }

  async function sweep(): Promise<void> {
    const format = `{{.ID}} {{.Label "${LABEL}"}}`;
    const listed = await run(file, ['ps', '--all', '--filter', `label=${LABEL}`, '--format', format], ANSWER_LIMIT_MS);
    const rows = (listed.output ?? '').split('\n').map((row) => row.split(' '));
    const orphans = rows.filter(([id, pid]) => id && pid && !isAlive(Number(pid))).map(([id]) => id ?? '');
    if (orphans.length > 0) await run(file, ['rm', '--force', ...orphans], ANSWER_LIMIT_MS);
  }

  return {
    file,
    label,
    ask: async (args) => (await run(file, args, ANSWER_LIMIT_MS)).output,
    requireImage(uri) {
      let image = images.get(uri);
      if (image === undefined) {
        image = fetchImage(uri);
        images.set(uri, image);
        image.catch(() => images.delete(uri));
      }
      return image;
    },
    async guard() {
      await sweep();
      const args = ['-c', GUARD, 'sh', file, label];
      const shell = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
      shell.unref();
      shell.on('error', () => {});
      shell.stdin.on('error', () => {});
      return () => shell.stdin.end();
    },
  };
}

interface Answer {
  readonly output: string | undefined;
  /** The last line of what it complained about. */
  readonly said: string;
}

function run(file: string, args: readonly string[], timeout: number): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout }, (error, stdout, stderr) => {
      const isMissing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
      const said = isMissing ? 'not installed' : (stderr.trim().split('\n').at(-1) ?? '');
      resolve({ output: error === null ? stdout.trim() : undefined, said });
    });
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
