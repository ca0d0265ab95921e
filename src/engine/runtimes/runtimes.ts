// From a runtime identifier to the programs of this machine that can run it.
import { findRuntimeIdentifier, type RuntimeIdentifier } from '../../base/runtime-identifiers.ts';
import { type FinderSettings, refusal } from './finder-settings.ts';
import { findJava } from './java-finder.ts';
import { findNode } from './node-finder.ts';
import { findDotnet, findRuby } from './other-finders.ts';
import { findPython } from './python-finder.ts';
import type { Runtime } from './runtime.ts';


export interface RuntimeFinder {
  /** Rejects with FunctionUnavailable `InvalidRuntimeException`. */
  find(id: string): Promise<Runtime>;
}

export function createRuntimeFinder(settings: FinderSettings): RuntimeFinder {
  const found = new Map<string, Promise<Runtime>>();
  return {
    find(id) {
      let runtime = found.get(id);
      if (runtime === undefined) {
        runtime = findRuntime(id, settings);
        found.set(id, runtime);
        // Installed meanwhile? The next invocation looks again.
        runtime.catch(() => found.delete(id));
      }
      return runtime;
    },
  };
}

async function findRuntime(id: string, settings: FinderSettings): Promise<Runtime> {
  const row = findRuntimeIdentifier(id);
  if (row === undefined) throw refusal(id, 'AWS knows no runtime of that name');
  const [major = '', minor = ''] = row.version.split('.');
  switch (row.family) {
    case 'nodejs':
      return findNode(id, major === '' ? '0' : major, settings);
    case 'python':
      if (major !== '3') throw refusal(id, 'Python 2 is not looked for');
      return findPython(id, Number(minor), settings);
    case 'java':
      return findJava(id, Number(row.version), settings);
    case 'provided':
      return bringYourOwn(row);
    case 'ruby':
      return findRuby(id, row.version, settings);
    case 'dotnet':
      if (row.version.startsWith('core')) throw refusal(id, '.NET Core is not looked for');
      return findDotnet(id, Number(major), settings);
    case 'go':
      throw refusal(id, 'it spoke a protocol of its own before the Runtime API; build for provided.al2023 instead');
  }
}

function bringYourOwn({ id, version }: RuntimeIdentifier): Runtime {
  const none = { executable: '', sitePackages: [] };
  return { family: 'provided', id, version, actualVersion: version, source: "the function's bootstrap", ...none };
}
