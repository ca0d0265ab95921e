// Runtime identifiers and the programs of this machine that can run them.
import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import { borrowSitePackages } from '../code/python-sdk.ts';

type RuntimeFamily = 'nodejs' | 'python' | 'provided';

export interface Runtime {
  readonly family: RuntimeFamily;
  /** `nodejs22.x` */
  readonly id: string;
  /** What the identifier asks for: `22`, `3.12`, `al2023`. */
  readonly version: string;
  /** What runs it: `20.20.2`, `3.11.7`, or the version asked for with `provided`. */
  readonly actualVersion: string;
  /** The interpreter; empty with `provided`, which brings its own `bootstrap`. */
  readonly executable: string;
  /** Python: site-packages of this machine that have the SDK; another version's where it fits. */
  readonly sitePackages: readonly string[];
}

export interface RuntimeFinder {
  /** Rejects with FunctionUnavailable `InvalidRuntimeException`. */
  find(id: string): Promise<Runtime>;
}

const NODE = /^nodejs(\d+)\.x$/;
const PYTHON = /^python3\.(\d+)$/;
const PROVIDED = /^provided\.(al2|al2023)$/;

/**
 * @param onNotice told once per identifier that another version runs it.
 * @param nodeExecutables by major version; preferred to what is found on the machine.
 */
export function createRuntimeFinder(
  onNotice: (message: string) => void,
  nodeExecutables: Readonly<Record<string, string>>,
): RuntimeFinder {
  const found = new Map<string, Promise<Runtime>>();

  async function find(id: string): Promise<Runtime> {
    const nodeMajor = NODE.exec(id)?.[1];
    if (nodeMajor !== undefined) {
      const given = nodeExecutables[nodeMajor];
      if (given !== undefined) return givenNode(id, nodeMajor, given);
      return findNode(id, nodeMajor, onNotice);
    }
    const pythonMinor = PYTHON.exec(id)?.[1];
    if (pythonMinor !== undefined) return findPython(id, Number(pythonMinor), onNotice);
    const version = PROVIDED.exec(id)?.[1];
    if (version !== undefined) {
      const none = { executable: '', sitePackages: [] };
      return { family: 'provided', id, version, actualVersion: version, ...none };
    }
    throw new FunctionUnavailable(
      'InvalidRuntimeException',
      `the runtime ${id} cannot run here: only nodejs*, python3.* and provided.al2, provided.al2023 can`,
    );
  }

  return {
    find(id) {
      let runtime = found.get(id);
      if (runtime === undefined) {
        runtime = find(id);
        found.set(id, runtime);
        // Installed meanwhile? The next invocation looks again.
        runtime.catch(() => found.delete(id));
      }
      return runtime;
    },
  };
}

function givenNode(id: string, major: string, executable: string): Promise<Runtime> {
  return new Promise((resolve, reject) => {
    execFile(executable, ['--version'], { timeout: 20_000 }, (error, stdout) => {
      if (error !== null) {
        const text = `the runtime ${id} cannot run here: ${executable} does not start`;
        return reject(new FunctionUnavailable('InvalidRuntimeException', text, { cause: error }));
      }
      const actualVersion = stdout.trim().replace(/^v/, '');
      const found = { executable, actualVersion, sitePackages: [] };
      resolve({ family: 'nodejs', id, version: major, ...found });
    });
  });
}

function findNode(id: string, major: string, onNotice: (message: string) => void): Runtime {
  const own = { executable: process.execPath, actualVersion: process.versions.node };
  const chosen = own.actualVersion.startsWith(`${major}.`) ? own : (findNvmNode(major) ?? own);
  if (chosen === own && !own.actualVersion.startsWith(`${major}.`)) {
    onNotice(`${id} runs on Node.js ${own.actualVersion}: this machine has no Node.js ${major}`);
  }
  return { family: 'nodejs', id, version: major, ...chosen, sitePackages: [] };
}

/** A Node.js of that major installed by nvm. */
function findNvmNode(major: string): { executable: string; actualVersion: string } | undefined {
  const root = join(process.env['NVM_DIR'] ?? join(homedir(), '.nvm'), 'versions', 'node');
  const version = newestOf(listFolder(root).filter((name) => name.startsWith(`v${major}.`)));
  if (version === undefined) return undefined;
  const executable = join(root, version, 'bin', 'node');
  return isExecutable(executable) ? { executable, actualVersion: version.slice(1) } : undefined;
}

interface Interpreter {
  readonly executable: string;
  readonly version: string;
  readonly minor: number;
  readonly sitePackages: readonly string[];
}

async function findPython(
  id: string,
  minor: number,
  onNotice: (message: string) => void,
): Promise<Runtime> {
  const interpreter = await findInterpreter(minor);
  if (interpreter === undefined) {
    throw new FunctionUnavailable(
      'InvalidRuntimeException',
      `the runtime ${id} cannot run here: this machine has no Python 3 from 3.8 on`,
    );
  }
  if (interpreter.minor !== minor) {
    onNotice(`${id} runs on Python ${interpreter.version}: this machine has no Python 3.${minor}`);
  }
  const { executable } = interpreter;
  return {
    family: 'python',
    id,
    version: `3.${minor}`,
    actualVersion: interpreter.version,
    executable,
    sitePackages: findSdk(interpreter, onNotice),
  };
}

/** boto3 is pure Python: an interpreter without it can have that of another minor. */
function findSdk(interpreter: Interpreter, onNotice: (message: string) => void): readonly string[] {
  const { minor, version, executable, sitePackages } = interpreter;
  if (sitePackages.length > 0) return sitePackages;
  const nearest = byDistance(listPythons(), minor);
  const prefixes = nearest.map(({ path }) => dirname(dirname(path)));
  const borrowed = borrowSitePackages(minor, [...prefixes, '/usr', '/usr/local', join(homedir(), '.local')]);
  if (borrowed !== undefined) return [borrowed.folder];
  onNotice(
    `Python functions have no boto3 unless they bring it: this machine has none for Python ${version}. ` +
      `To provide it as AWS does: ${executable} -m pip install boto3`,
  );
  return [];
}

/** The wanted minor first, then the nearest ones, the newer of two equally near. */
function byDistance<T extends { readonly minor: number }>(all: readonly T[], wanted: number): T[] {
  return all.toSorted(
    (a, b) => Math.abs(a.minor - wanted) - Math.abs(b.minor - wanted) || b.minor - a.minor,
  );
}

async function findInterpreter(wanted: number): Promise<Interpreter | undefined> {
  for (const { path } of byDistance(listPythons(), wanted)) {
    const interpreter = await probePython(path);
    if (interpreter !== undefined) return interpreter;
  }
  return probePython('python3');
}

/** Files named `python3.N`: version managers' first, for what they put on PATH are slow shims. */
function listPythons(): { minor: number; path: string }[] {
  const home = homedir();
  const managed: string[] = [];
  const pyenv = join(process.env['PYENV_ROOT'] ?? join(home, '.pyenv'), 'versions');
  for (const name of listFolder(pyenv)) managed.push(join(pyenv, name, 'bin'));
  const uv = join(home, '.local', 'share', 'uv', 'python');
  for (const name of listFolder(uv)) managed.push(join(uv, name, 'bin'));
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const pythons: { minor: number; path: string }[] = [];
  for (const folder of new Set([...managed, ...onPath])) {
    for (const name of listFolder(folder)) {
      const minor = Number(/^python3\.(\d+)$/.exec(name)?.[1] ?? 0);
      if (minor >= 8 && isExecutable(join(folder, name))) {
        pythons.push({ minor, path: join(folder, name) });
      }
    }
  }
  return pythons;
}

const PROBE = `
import json, os, sys, sysconfig
paths = [p for p in sys.path if p.endswith("-packages")]
print(json.dumps({
    "executable": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "minor": sys.version_info[1],
    "sitePackages": [p for p in paths if os.path.isdir(os.path.join(p, "botocore"))],
}))
`;

// Facts of the machine, not of a cloud: asked once per process, however many engines there are.
const probes = new Map<string, Promise<Interpreter | undefined>>();

function probePython(path: string): Promise<Interpreter | undefined> {
  let probe = probes.get(path);
  if (probe === undefined) {
    probe = runProbe(path);
    probes.set(path, probe);
  }
  return probe;
}

function runProbe(path: string): Promise<Interpreter | undefined> {
  return new Promise((resolve) => {
    execFile(path, ['-c', PROBE], { timeout: 20_000 }, (error, stdout) => {
      if (error !== null) return resolve(undefined);
      try {
        resolve(JSON.parse(stdout) as Interpreter);
      } catch {
        resolve(undefined);
      }
    });
  });
}

function newestOf(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
