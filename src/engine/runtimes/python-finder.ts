// Which Python runs a python3.* function: the machine's python3.N, else the nearest minor, with its boto3.
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { borrowSitePackages } from '../code/python-sdk.ts';
import { ask, byDistance, isExecutable, listFolder, pathFolders } from './executables.ts';
import { type FinderSettings, refusal } from './finder-settings.ts';
import { boto3Package } from './fetch-package.ts';
import type { Runtime } from './runtime.ts';

interface Interpreter {
  readonly executable: string;
  readonly version: string;
  readonly minor: number;
  readonly sitePackages: readonly string[];
}

export async function findPython(id: string, minor: number, settings: FinderSettings): Promise<Runtime> {
  const interpreter = await findInterpreter(minor);
  if (interpreter === undefined) throw refusal(id, 'this machine has no Python 3 from 3.8 on');
  const { executable, version } = interpreter;
  const isExact = interpreter.minor === minor;
  if (!isExact) {
    settings.onNotice(`${id} runs on Python ${version}: this machine has no Python 3.${minor}`);
  }
  return {
    family: 'python',
    id,
    version: `3.${minor}`,
    actualVersion: version,
    executable,
    source: isExact ? executable : `${executable}, of another minor`,
    sitePackages: findSdk(interpreter, settings),
  };
}

/**
 * The fetched boto3, else the interpreter's own. boto3 is pure Python: an interpreter without it can
 * have that of another minor.
 */
function findSdk(interpreter: Interpreter, { cache, onNotice }: FinderSettings): readonly string[] {
  const { minor, version, executable, sitePackages } = interpreter;
  const fetched = cache.find(boto3Package(minor, executable).name);
  if (fetched !== undefined) return [fetched];
  if (sitePackages.length > 0) return sitePackages;
  const nearest = byDistance(listPythons(), minor);
  const prefixes = nearest.map(({ path }) => dirname(dirname(path)));
  const borrowed = borrowSitePackages(minor, [...prefixes, '/usr', '/usr/local', join(homedir(), '.local')]);
  if (borrowed !== undefined) return [borrowed.folder];
  onNotice(
    `Python functions have no boto3 unless they bring it: this machine has none for Python ${version}. ` +
      `To provide it as AWS does: \`cloudlet runtimes install python3.${minor}\`, or ${executable} -m pip install boto3`,
  );
  return [];
}

/** The interpreter that would run a python3.N function. */
export async function findInterpreter(wanted: number): Promise<Interpreter | undefined> {
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
  const pythons: { minor: number; path: string }[] = [];
  for (const folder of new Set([...managed, ...pathFolders()])) {
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

async function runProbe(path: string): Promise<Interpreter | undefined> {
  const answer = await ask(path, ['-c', PROBE]);
  if (answer === undefined) return undefined;
  try {
    return JSON.parse(answer) as Interpreter;
  } catch {
    return undefined;
  }
}
