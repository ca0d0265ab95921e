// Which functions take a debugger at which port, by `--inspect`, and how an editor attaches to them.
import { relative } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { didYouMean } from '../nearest.ts';
import type { LocalArtifact } from '../../deploy/local-artifacts.ts';
import type { Project } from './project.ts';

/** Where debuggers listen by custom: Node.js's inspector, debugpy. */
const FIRST_PORT = { node: 9_229, python: 5_678 } as const;
const PORT_MAX = 65_535;
/** Where the sandbox shows a function its code. */
const CODE_ROOT = '/var/task';

export interface DebugTarget {
  readonly logicalId: string;
  readonly kind: 'node' | 'python';
  readonly port: number;
}

interface Wish {
  /** Absent: every function. */
  readonly logicalId?: string;
  readonly port?: number;
}

/**
 * @param wishes values of `--inspect`: `` or `:PORT` for all functions, `FUNCTION`, `FUNCTION:PORT`.
 * Throws ERR_INSPECT.
 */
export function chooseDebugTargets(project: Project, wishes: readonly string[]): DebugTarget[] {
  const functions = project.artifacts.filter(({ kind }) => kind === 'function');
  const taken = new Set<number>();
  const targets: DebugTarget[] = [];
  const parsed = wishes.map((text) => parseWish(text, functions));
  // Those with a port of their own first, so that nobody else takes it.
  for (const { logicalId, port } of parsed.toSorted((a, b) => Number(a.port === undefined) - Number(b.port === undefined))) {
    for (const artifact of functions.filter((each) => logicalId === undefined || each.logicalId === logicalId)) {
      const kind = kindOf(artifact);
      if (kind === undefined && logicalId !== undefined) throw cannotBeDebugged(artifact);
      if (kind === undefined || targets.some((target) => target.logicalId === artifact.logicalId)) continue;
      const chosen = nextFree(port ?? FIRST_PORT[kind], taken);
      taken.add(chosen);
      targets.push({ logicalId: artifact.logicalId, kind, port: chosen });
    }
  }
  return targets;
}

function parseWish(text: string, functions: readonly LocalArtifact[]): Wish {
  const [, name = '', portText] = /^([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= PORT_MAX)) {
    throw new UserError('ERR_INSPECT', `not a port: ${JSON.stringify(portText)}`, {
      where: `--inspect=${text}`,
      fix: 'write it like --inspect=MyFunction:9229',
    });
  }
  const names = functions.map(({ logicalId }) => logicalId);
  if (name !== '' && !names.includes(name)) {
    throw new UserError('ERR_INSPECT', `the template has no function ${name} with local code${didYouMean(name, names)}`, {
      where: `--inspect=${text}`,
      fix: names.length === 0 ? 'only functions with local code can be debugged' : `use one of: ${names.join(', ')}`,
    });
  }
  return { ...(name === '' ? {} : { logicalId: name }), ...(port === undefined ? {} : { port }) };
}

function kindOf({ runtime = '' }: LocalArtifact): DebugTarget['kind'] | undefined {
  if (runtime.startsWith('nodejs')) return 'node';
  return runtime.startsWith('python') ? 'python' : undefined;
}

function cannotBeDebugged({ logicalId, runtime = 'an unknown runtime' }: LocalArtifact): UserError {
  return new UserError('ERR_INSPECT', `${logicalId} runs on ${runtime}, which takes no debugger here`, {
    where: `--inspect=${logicalId}`,
    fix: 'nodejs* and python* functions can be debugged',
  });
}

function nextFree(from: number, taken: ReadonlySet<number>): number {
  let port = from;
  while (taken.has(port)) port += 1;
  return port;
}

/** VS Code's configurations to attach, one per function. */
export function launchConfigurations(
  project: Project,
  targets: readonly DebugTarget[],
): Record<string, unknown>[] {
  return targets.map(({ logicalId, kind, port }) => {
    const path = project.artifacts.find((artifact) => artifact.logicalId === logicalId)?.path ?? '.';
    const localRoot = `\${workspaceFolder}/${relative('.', path)}`.replace(/\/$/, '');
    const name = `cloudlet: ${logicalId}`;
    if (kind === 'python') {
      return {
        name,
        type: 'debugpy',
        request: 'attach',
        connect: { host: '127.0.0.1', port },
        pathMappings: [{ localRoot, remoteRoot: CODE_ROOT }],
      };
    }
    return {
      name,
      type: 'node',
      request: 'attach',
      address: '127.0.0.1',
      port,
      // The next environment listens at the same port.
      restart: true,
      localRoot,
      remoteRoot: CODE_ROOT,
      // Bundles bring their maps along; their sources are where they were.
      resolveSourceMapLocations: null,
      skipFiles: ['<node_internals>/**'],
    };
  });
}
