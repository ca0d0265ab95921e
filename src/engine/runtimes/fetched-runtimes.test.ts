// Node.js of other majors and the provided SDKs, fetched from their registries and used by functions in both drivers.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHarness } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';
import { boto3Package, installPackage, nodePackage, type Package, sdkJsPackage } from './fetch-package.ts';
import { openRuntimeCache } from './runtime-cache.ts';

const runtimesFolder = join(tmpdir(), 'cloudlet-test-runtimes');
const cache = openRuntimeCache(runtimesFolder);
const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

/** Fetches half a hundred megabytes each: with CI set, or where that was done before. */
async function fetched(wanted: Package | undefined): Promise<boolean> {
  if (wanted === undefined) return false;
  if (cache.find(wanted.name) === undefined && process.env['CI'] === undefined) return false;
  return installPackage(cache, wanted).then(() => true, () => false);
}

const skipped = (isThere: boolean): string => (isThere ? '' : ' (skipped: CI is not set, or it cannot be fetched)');
const drivers = sandbox === undefined ? (['process'] as const) : (['process', 'sandbox'] as const);

for (const major of ['22', '24']) {
  const isThere = await fetched(nodePackage(major));
  describe.skipIf(!isThere)(`nodejs${major}.x${skipped(isThere)}`, () => {
    test.each(drivers)('%s driver: the version it names runs it, booted ahead or not', async (isolation) => {
      await using harness = createHarness({ isolation, runtimesFolder });
      const runtime = `nodejs${major}.x`;
      const source = `import { hash } from 'node:crypto';
console.log('init');
export const handler = async (e) => { console.log('handled'); return { major: process.versions.node.split('.')[0], hash: hash('sha1', 'x').length, e }; };`;
      for (const name of ['first', 'second']) {
        const definition = await harness.define({ 'index.mjs': source }, { runtime, name });
        const result = await harness.invoke(definition, { n: 1 });
        expect(result.json, result.text + result.logTail).toEqual({ major, hash: 40, e: { n: 1 } });
        expect(result.logTail).toMatch(/\tINFO\tinit\nSTART [^]*\tINFO\thandled\nEND /);
      }
      expect(harness.notices.filter((notice) => notice.includes(runtime))).toEqual([]);
    });
  });
}

const hasSdk = await fetched(sdkJsPackage);
describe.skipIf(!hasSdk)(`the provided AWS SDK for JavaScript${skipped(hasSdk)}`, () => {
  test.each(drivers)('%s driver: in its pinned version, for require and import', async (isolation) => {
    await using harness = createHarness({ isolation, runtimesFolder });
    const body = `({ s3: typeof S3Client, doc: typeof DynamoDBDocumentClient, version: createRequire(process.cwd() + '/x')('@aws-sdk/client-s3/package.json').version })`;
    const answer = { s3: 'function', doc: 'function', version: sdkJsPackage.version };
    const commonJs = `const { createRequire } = require('module'); const { S3Client } = require('@aws-sdk/client-s3'); const { DynamoDBDocumentClient } = require('@aws-sdk/lib-dynamodb'); exports.handler = async () => ${body};`;
    const module = `import { createRequire } from 'module'; import { S3Client } from '@aws-sdk/client-s3'; import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'; export const handler = async () => ${body};`;
    for (const files of [{ 'index.js': commonJs }, { 'index.mjs': module }]) {
      const result = await harness.invoke(await harness.define(files, { memoryMb: 512 }));
      expect(result.json, result.text).toEqual(answer);
    }
  });
});

const python = spawnSync('python3', ['-c', 'import sys; print(sys.version_info[1])']).stdout?.toString().trim() ?? '';
const boto3 = python === '' ? undefined : boto3Package(Number(python), 'python3');
const hasBoto3 = await fetched(boto3);
describe.skipIf(!hasBoto3)(`the provided boto3${skipped(hasBoto3)}`, () => {
  test.each(drivers)('%s driver: in its pinned version', async (isolation) => {
    await using harness = createHarness({ isolation, runtimesFolder });
    const source = 'import boto3, botocore\ndef handler(e, c): return [boto3.__version__, boto3.client("s3").meta.region_name]';
    const definition = await harness.define({ 'app.py': source }, { runtime: `python3.${python}`, handler: 'app.handler' });
    const result = await harness.invoke(definition);
    expect(result.json, result.text).toEqual([boto3?.version, 'us-east-1']);
  });
});

