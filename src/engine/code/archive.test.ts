// Archives: what is unpacked and how, and what is refused before a byte is written.
import { mkdtempSync, readFileSync, readlinkSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync, crc32 } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { inspectArchive, unpackArchive } from './archive.ts';
import { zipOf } from '../engine-harness.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-archive-'));
  folders.push(folder);
  return folder;
}

interface RawEntry {
  name: string;
  content?: string | Buffer;
  mode?: number;
  declaredBytes?: number;
  method?: number;
  flags?: number;
  crc?: number;
}

/** A zip made by hand, so that it may say what no tool would write. */
function rawZip(entries: readonly RawEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '');
    const method = entry.method ?? 8;
    const data = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(entry.flags ?? 0, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(entry.crc ?? crc32(content), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(entry.declaredBytes ?? content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(0x0314, 4);
    local.copy(central, 6, 4, 30);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(offset, 42);
    parts.push(local, name, data);
    directory.push(central, name);
    offset += local.length + name.length + data.length;
  }
  const centralBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(centralBytes.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, centralBytes, end]);
}

const AWS_MESSAGE = 'Could not unzip uploaded file. Please check your file, then try to upload again.';

test('files, folders, permissions and inner links are kept', async () => {
  const zip = rawZip([
    { name: 'bin/', mode: 0o40755 },
    { name: 'bin/run.sh', content: '#!/bin/sh\n', mode: 0o100755 },
    { name: 'a/b/c.txt', content: 'deep', method: 0 },
    { name: 'link', content: 'a/b/c.txt', mode: 0o120777 },
    { name: 'a/up', content: '../bin', mode: 0o120777 },
    { name: 'plain', content: 'x', mode: 0 },
    { name: 'empty', content: '' },
  ]);
  const folder = scratch();
  expect(await unpackArchive(zip, folder)).toEqual({ unpackedBytes: 10 + 4 + 9 + 6 + 1, entries: 7 });
  expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('deep');
  expect(readlinkSync(join(folder, 'a/up'))).toBe('../bin');
  expect(statSync(join(folder, 'bin/run.sh')).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, 'plain')).mode & 0o777).toBe(0o644);
});

test('what common tools write is read', async () => {
  const zip = new ZipFile();
  zip.addEmptyDirectory('folder');
  zip.addBuffer(Buffer.from('x'.repeat(100_000)), 'big.txt');
  zip.addBuffer(Buffer.from('ü'), 'ünï.txt');
  zip.end();
  const bytes = await buffer(zip.outputStream);
  const folder = scratch();
  expect(await inspectArchive(bytes)).toEqual({ unpackedBytes: 100_002, entries: 3 });
  await unpackArchive(bytes, folder);
  expect(readdirSync(folder).toSorted()).toEqual(['big.txt', 'folder', 'ünï.txt']);
});

test.each<[string, Buffer]>([
  ['no archive at all', Buffer.from('not a zip')],
  ['nothing', Buffer.alloc(0)],
  ['a truncated archive', rawZip([{ name: 'a', content: 'abc' }]).subarray(0, 40)],
  ['a name that climbs', rawZip([{ name: '../a' }])],
  ['a name that climbs inside', rawZip([{ name: 'a/../../b' }])],
  ['an absolute name', rawZip([{ name: '/etc/passwd' }])],
  ['a drive letter', rawZip([{ name: 'C:/a' }])],
])('%s is refused with AWS\'s message', async (_title, zip) => {
  // AWS: message of CreateFunction (InvalidParameterValueException)
  const expected = { name: 'FunctionUnavailable', reason: 'InvalidZipFileException', message: AWS_MESSAGE };
  await expect(inspectArchive(zip)).rejects.toMatchObject(expected);
});

test.each<[string, RawEntry[]]>([
  ['a file below a link', [{ name: 'l', content: '/tmp', mode: 0o120777 }, { name: 'l/a', content: 'x' }]],
  ['a file twice, as link and file', [{ name: 'l', content: '/etc/passwd', mode: 0o120777 }, { name: 'l/', mode: 0o40755 }]],
  ['a device', [{ name: 'd', mode: 0o020666 }]],
  ['a pipe', [{ name: 'p', mode: 0o010666 }]],
  ['an encrypted entry', [{ name: 'e', content: 'x', flags: 1 }]],
  ['an unknown compression', [{ name: 'e', content: 'x', method: 14 }]],
])('%s is refused by inspection', async (_title, entries) => {
  await expect(inspectArchive(rawZip(entries))).rejects.toMatchObject({ reason: 'InvalidZipFileException' });
});

test.each<[string, RawEntry[]]>([
  ['a link out', [{ name: 'l', content: '../../etc/passwd', mode: 0o120777 }]],
  ['an absolute link', [{ name: 'l', content: '/etc/passwd', mode: 0o120777 }]],
  ['a bomb that lies about its size', [{ name: 'b', content: Buffer.alloc(5_000_000), declaredBytes: 10 }]],
  ['a wrong checksum', [{ name: 'b', content: 'abc', crc: 1 }]],
])('%s is refused while unpacking', async (_title, entries) => {
  const folder = scratch();
  await expect(unpackArchive(rawZip(entries), folder)).rejects.toMatchObject({ reason: 'InvalidZipFileException' });
  expect(readdirSync(folder).filter((name) => name === 'l')).toEqual([]);
});

test('more than the limit is refused before anything is written', async () => {
  const folder = scratch();
  const zip = await zipOf({ a: 'x'.repeat(600), b: 'y'.repeat(600) });
  await expect(unpackArchive(zip, folder, 1000)).rejects.toMatchObject({
    message: 'Unzipped size must be smaller than 1000 bytes',
  });
  expect(readdirSync(folder)).toEqual([]);
});
