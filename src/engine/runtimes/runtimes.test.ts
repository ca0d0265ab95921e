// Which programs run which runtime, with a machine drawn up of files: caches, stand-ins for npm, Javas.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RUNTIME_IDENTIFIERS } from '../../base/runtime-identifiers.ts';
import { boto3Package, nodePackage, sdkJsPackage } from './fetch-package.ts';
import { planInstall } from './install-runtimes.ts';
import { chooseJava } from './java-finder.ts';
import { listRuntimes } from './list-runtimes.ts';
import { openRuntimeCache, type RuntimeCache } from './runtime-cache.ts';
import { createRuntimeFinder, type RuntimeFinder } from './runtimes.ts';

const ownMajor = process.versions.node.split('.')[0] ?? '';
const otherMajor = ownMajor === '22' ? '24' : '22';
const otherNode = nodePackage(otherMajor);

let folder: string;
let cache: RuntimeCache;
let notices: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-finder-'));
  cache = openRuntimeCache(join(folder, 'cache'));
  notices = [];
  // No version manager of this machine has a say.
  vi.stubEnv('NVM_DIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function finder(fetches = false): RuntimeFinder {
  return createRuntimeFinder({ onNotice: (notice) => notices.push(notice), nodeExecutables: {}, cache, fetches });
}

function program(path: string, script: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

describe('nodejs*', () => {
  test('this process runs its own major', async () => {
    const runtime = await finder().find(`nodejs${ownMajor}.x`);
    expect(runtime).toMatchObject({ executable: process.execPath, actualVersion: process.versions.node });
    expect(notices).toEqual([]);
  });

  test.skipIf(otherNode === undefined)('a fetched one runs its major', async () => {
    await cache.install(otherNode?.name ?? '', async (draft) => program(join(draft, 'bin', 'node'), 'exit 0'));
    const runtime = await finder().find(`nodejs${otherMajor}.x`);
    expect(runtime).toMatchObject({
      executable: join(cache.folder, otherNode?.name ?? '', 'bin', 'node'),
      actualVersion: otherNode?.version,
      source: expect.stringMatching(/^fetched, npm node-/),
    });
    expect(notices).toEqual([]);
  });

  test('without one this process does it, and a notice says how to get the right one', async () => {
    const runtime = await finder().find(`nodejs${otherMajor}.x`);
    expect(runtime).toMatchObject({ executable: process.execPath, version: otherMajor });
    expect(notices).toEqual([
      expect.stringMatching(new RegExp(`^nodejs${otherMajor}.x runs on Node.js ${process.versions.node}: this machine has no Node.js ${otherMajor}`)),
    ]);
  });

  describe.skipIf(otherNode === undefined || process.platform === 'win32')('fetching', () => {
    const npm = (script: string): void => {
      program(join(folder, 'bin', 'npm'), script);
      vi.stubEnv('PATH', `${join(folder, 'bin')}:/usr/bin:/bin`);
    };

    test('by npm, in the pinned version, once', async () => {
      // Puts down what the package has: bin/node.
      npm(`echo "$@" >> '${folder}/calls'
while [ "$1" != --prefix ]; do shift; done
for last; do :; done
mkdir -p "$2/node_modules/\${last%@*}/bin"; printf '#!/bin/sh\\n' > "$2/node_modules/\${last%@*}/bin/node"`);
      const runtime = await finder(true).find(`nodejs${otherMajor}.x`);
      expect(runtime.executable).toBe(join(cache.folder, otherNode?.name ?? '', 'bin', 'node'));
      expect(notices).toEqual([
        expect.stringContaining(`fetching Node.js ${otherNode?.version}`),
        expect.stringContaining('is here, after'),
      ]);
      await finder(true).find(`nodejs${otherMajor}.x`);
      const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
      expect(calls).toHaveLength(1);
      expect(calls[0]).toMatch(new RegExp(`--ignore-scripts .*@${otherNode?.version}$`));
    });

    test('in vain: what npm said is told, and this process does it', async () => {
      npm('echo "npm error network request to the registry failed" >&2; exit 1');
      const runtime = await finder(true).find(`nodejs${otherMajor}.x`);
      expect(runtime.executable).toBe(process.execPath);
      expect(notices[1]).toContain('npm failed: npm error network request to the registry failed');
      expect(notices[2]).toContain('this machine has no Node.js');
    });
  });
});

test.each([
  ['go1.x', 'build for provided.al2023 instead'],
  ['python2.7', 'Python 2'],
  ['cobol1.x', 'AWS knows no runtime of that name'],
])('%s is refused with the reason', async (id, reason) => {
  await expect(finder().find(id)).rejects.toMatchObject({
    reason: 'InvalidRuntimeException',
    message: expect.stringContaining(reason),
  });
});

// Code compiled for an older Java runs on a newer one, not the other way round.
test.each([
  [17, [8, 11, 17, 21], 17],
  [21, [17, 25], 25],
  [25, [11, 17], 17],
  [8, [11, 17], 11],
  [17, [], undefined],
])('java%i of %j', (wanted, majors, chosen) => {
  const homes = majors.map((major) => ({ home: `/java${major}`, version: `${major}.0.1`, major }));
  expect(chooseJava(homes, wanted)?.major).toBe(chosen);
});

test('the list has every identifier, what runs it, and its SDK', async () => {
  await cache.install(sdkJsPackage.name, async (draft) => void mkdirSync(join(draft, 'node_modules', '@aws-sdk'), { recursive: true }));
  const rows = await listRuntimes(cache);
  expect(rows.map(({ runtime }) => runtime)).toEqual(RUNTIME_IDENTIFIERS.map(({ id }) => id));
  const of = (id: string): unknown => rows.find(({ runtime }) => runtime === id);
  expect(of(`nodejs${ownMajor}.x`)).toMatchObject({
    runs: 'exact',
    version: process.versions.node,
    sdk: { name: 'AWS SDK for JavaScript', version: sdkJsPackage.version },
  });
  expect(of('nodejs12.x')).toMatchObject({ aws: 'update blocked', updateBlocked: '2023-04-30' });
  expect(of('nodejs14.x')).toMatchObject({ aws: 'create blocked' });
  expect(of('provided.al2023')).toMatchObject({ runs: 'exact', aws: 'supported' });
  expect(of('go1.x')).toMatchObject({ runs: 'none', reason: expect.stringContaining('protocol of its own') });
});

test('what is installed for a runtime: the interpreter where it is missing, and the SDK', async () => {
  const names = async (ids: string[], withSdk = true): Promise<string[]> =>
    (await planInstall(ids, withSdk)).map(({ name }) => name);
  expect(await names([`nodejs${ownMajor}.x`])).toEqual([sdkJsPackage.name]);
  expect(await names([`nodejs${ownMajor}.x`], false)).toEqual([]);
  if (otherNode !== undefined) {
    expect(await names([`nodejs${otherMajor}.x`, `nodejs${ownMajor}.x`])).toEqual([otherNode.name, sdkJsPackage.name]);
  }
  await expect(names(['nodejs99.x'])).rejects.toMatchObject({ code: 'ERR_USAGE' });
  await expect(names(['provided.al2023'])).rejects.toMatchObject({ code: 'ERR_RUNTIME' });
});

// The registry: boto3 1.43 asks for Python 3.10, 1.38 for 3.9.
test.each([
  [8, '1.37.38'],
  [9, '1.42.97'],
  [14, '1.44.5'],
])('boto3 for Python 3.%i', (minor, version) => {
  expect(boto3Package(minor, 'python3').version).toBe(version);
});
