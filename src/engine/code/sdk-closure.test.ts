// Which folders and links a provided SDK needs, in the layouts of npm and pnpm.
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeOverPackages } from './sdk-closure.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'cloudlet-closure-')));
});
afterEach(() => rm(root, { recursive: true }));

function put(path: string, dependencies: readonly string[] = []): void {
  mkdirSync(join(root, path), { recursive: true });
  const text = JSON.stringify({ dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])) });
  writeFileSync(join(root, path, 'package.json'), text);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

async function close(...sources: string[]): Promise<string[]> {
  const places = await closeOverPackages(sources.map((source) => join(root, source)), ['@aws-sdk', '@smithy']);
  return places.map((place) => place.slice(root.length + 1));
}

test('npm: the scopes of the SDK, what they depend on, and nothing else', async () => {
  put('node_modules/@aws-sdk/client-s3', ['@smithy/core', 'tslib', '@other/needed']);
  put('node_modules/@aws-sdk/client-s3/node_modules/inner', ['uuid']);
  put('node_modules/@smithy/core', ['@aws-sdk/client-s3']);
  put('node_modules/tslib');
  put('node_modules/@other/needed');
  put('node_modules/@other/secret');
  put('node_modules/express');
  expect(await close('node_modules')).toEqual(['node_modules/@aws-sdk', 'node_modules/@other/needed', 'node_modules/@smithy', 'node_modules/tslib']);
});

test('a workspace: what is hoisted further up is found there', async () => {
  put('app/node_modules/@aws-sdk/client-s3', ['tslib']);
  put('node_modules/tslib');
  put('node_modules/@smithy/core');
  expect(await close('app/node_modules', 'node_modules')).toEqual(['app/node_modules/@aws-sdk', 'node_modules/@smithy', 'node_modules/tslib']);
});

test('pnpm: links, and the folders of its store that they lead to', async () => {
  put('node_modules/.pnpm/s3@3/node_modules/@aws-sdk/client-s3', ['tslib']);
  link('node_modules/@aws-sdk/client-s3', '../.pnpm/s3@3/node_modules/@aws-sdk/client-s3');
  link('node_modules/.pnpm/s3@3/node_modules/tslib', '../../tslib@2/node_modules/tslib');
  put('node_modules/.pnpm/tslib@2/node_modules/tslib');
  put('node_modules/.pnpm/secret@1/node_modules/secret');
  expect(await close('node_modules')).toEqual([
    'node_modules/.pnpm/s3@3/node_modules/@aws-sdk',
    'node_modules/.pnpm/s3@3/node_modules/tslib',
    'node_modules/.pnpm/tslib@2/node_modules/tslib',
    'node_modules/@aws-sdk/client-s3',
  ]);
});

test('a scope that is a link', async () => {
  put('elsewhere/node_modules/@aws-sdk/client-s3');
  link('node_modules/@aws-sdk', '../elsewhere/node_modules/@aws-sdk');
  expect(await close('node_modules')).toEqual(['elsewhere/node_modules/@aws-sdk', 'node_modules/@aws-sdk']);
});
