// Raw lines and frames, however they are cut.
import { expect, test } from 'vitest';
import { createLogSplitter } from './log-splitter.ts';

function frame(text: string, type = 0xa55a0003): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(type, 0);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

function split(bytes: Buffer, step: number): string[] {
  const messages: string[] = [];
  const splitter = createLogSplitter((message) => messages.push(message));
  for (let at = 0; at < bytes.length; at += step) splitter.push(bytes.subarray(at, at + step));
  splitter.flush();
  return messages;
}

const MIXED = Buffer.concat([
  Buffer.from('raw one\nraw '),
  frame('framed\nof two lines\n'),
  frame('no line end', 0xa55a0017),
  Buffer.from('grüße ¥\n\n'),
  frame(''),
  Buffer.from([0xa5, 0x41, 0x0a]),
  Buffer.from('rest'),
]);

test.each([1, 2, 5, 17, 10_000])('in pieces of %i bytes', (step) => {
  expect(split(MIXED, step)).toEqual([
    'raw one\n',
    'raw \n',
    'framed\nof two lines\n',
    'no line end\n',
    'grüße ¥\n',
    '\n',
    '\n',
    '\ufffdA\n',
    'rest\n',
  ]);
});

test.each([
  ['lines', (text: string) => Buffer.from(`${text}\n`)],
  ['frames', (text: string) => frame(`${text}\n`)],
])('long %s are cut at 256 KB', (_title, encode) => {
  const messages = split(encode('x'.repeat(600_000)), 65_536);
  expect(messages.map((message) => message.replace(/\n$/, '').length)).toEqual([262_144, 262_144, 75_712]);
});
