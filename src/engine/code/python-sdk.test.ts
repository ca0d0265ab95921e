// The SDK for Python functions: borrowed from another minor where the interpreter has none.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHarness } from '../engine-harness.ts';
import { borrowSitePackages } from './python-sdk.ts';
import { openRuntimeCache } from '../runtimes/runtime-cache.ts';
import { createRuntimeFinder } from '../runtimes/runtimes.ts';

const COMPLETE = {
  'boto3/__init__.py': '', 'botocore/__init__.py': '', 's3transfer/__init__.py': '', 'jmespath/__init__.py': '',
  'dateutil/__init__.py': '', 'six.py': '', 'urllib3/__init__.py': '',
  'boto3-1.43.11.dist-info/METADATA': 'Name: boto3\nRequires-Python: >= 3.10\n',
};

describe('borrowing', () => {
  let prefix: string;
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), 'cloudlet-prefix-'));
  });
  afterEach(() => rm(prefix, { recursive: true }));

  function install(files: Readonly<Record<string, string>>, minor = 11): string {
    const folder = join(prefix, 'lib', `python3.${minor}`, 'site-packages');
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }

  test('a complete, pure installation fits other minors', () => {
    const folder = install(COMPLETE);
    for (const minor of [10, 12, 13]) {
      expect(borrowSitePackages(minor, [prefix])).toEqual({ folder, ownerMinor: 11 });
    }
  });

  test.each([
    ['too old for its metadata', COMPLETE, 9],
    ['compiled parts', { ...COMPLETE, 'urllib3/speed/_fast.cpython-311-x86_64-linux-gnu.so': '' }, 12],
    ['a package is missing', Object.fromEntries(Object.entries(COMPLETE).filter(([name]) => name !== 'six.py')), 12],
  ])('not taken: %s', (_title, files, minor) => {
    install(files);
    expect(borrowSitePackages(minor, [prefix])).toBeUndefined();
  });
});

const cache = openRuntimeCache(join(tmpdir(), 'cloudlet-no-runtimes'));
const finder = createRuntimeFinder({ onNotice() {}, nodeExecutables: {}, cache, fetches: false });
const borrower = await findBorrower();

/** A Python of this machine that has no boto3 but can take it from another one. */
async function findBorrower(): Promise<string | undefined> {
  for (const minor of [12, 13, 14, 10]) {
    const runtime = await finder.find(`python3.${minor}`).catch(() => undefined);
    const [source] = runtime?.sitePackages ?? [];
    if (!runtime?.actualVersion.startsWith(`3.${minor}.`) || source === undefined) continue;
    if (!source.startsWith(dirname(dirname(runtime.executable)))) return runtime.id;
  }
  return undefined;
}

test.skipIf(borrower === undefined)(
  `boto3 works in an interpreter that does not have it${borrower ? '' : ' (skipped: none such here)'}`,
  async () => {
    await using harness = createHarness();
    const source = 'import boto3, sys\nclient = boto3.client("dynamodb")\ndef handler(e, c): return [client.meta.endpoint_url, sys.version_info[1]]';
    const definition = await harness.define(
      { 'app.py': source },
      { runtime: borrower ?? '', handler: 'app.handler', environment: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' } },
    );
    const result = await harness.invoke(definition);
    expect(result.json, result.text).toEqual(['http://127.0.0.1:4566', Number(borrower?.split('.')[1])]);
    expect(harness.notices.join()).not.toMatch(/boto3/);
  },
);
