// Placement under strain: bursts, new code under load, and too little memory.
import { expect, test } from 'vitest';
import { createHarness, isAlive } from './engine-harness.ts';
import { chooseLeastUseful, measureShortageMb } from './least-useful.ts';

test('a burst of 500 on an empty engine: none is lost, none refused', async () => {
  await using harness = createHarness({ maxConcurrency: 24 });
  const definition = await harness.define({ 'index.js': 'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, 20)); return e.n; };' });
  const results = await Promise.all(Array.from({ length: 500 }, (_, n) => harness.invoke(definition, { n })));
  expect(results.filter(({ json, error }, n) => error !== undefined || json !== n)).toEqual([]);
});

test('new code under load: every request is answered, by one code or the other, and the old environments go', async () => {
  await using harness = createHarness();
  const source = (version: number): Record<string, string> => ({ 'index.js': `exports.handler = async () => { await new Promise((r) => setTimeout(r, 5)); return [${version}, process.pid]; };` });
  let current = await harness.define(source(0));
  const answers: [number, number][] = [];
  let isOver = false;
  const clients = Array.from({ length: 6 }, async () => {
    while (!isOver) {
      const { json, error } = await harness.invoke(current);
      expect(error).toBeUndefined();
      answers.push(json as [number, number]);
    }
  });
  for (const version of [1, 2, 3]) {
    const next = await harness.define(source(version));
    const before = current;
    current = next;
    await harness.engine.retire(before.key);
    await expect.poll(() => answers.at(-1)?.[0], { interval: 20 }).toBe(version);
  }
  isOver = true;
  await Promise.all(clients);
  const old = new Set(answers.filter(([version]) => version < 3).map(([, pid]) => pid));
  await expect.poll(() => [...old].filter(isAlive)).toEqual([]);
  expect(new Set(answers.map(([version]) => version)).size).toBe(4);
});

test('too little memory: idle environments end, those of busy and provisioned ones do not', async () => {
  let shortageMb = 0;
  await using harness = createHarness({ shortageMb: () => shortageMb });
  const files = { 'index.js': 'exports.handler = async (e) => { if (e.waitMs) await new Promise((r) => setTimeout(r, e.waitMs)); return process.pid; };' };
  const [idle, kept, other] = [await harness.define(files), await harness.define(files), await harness.define(files)];
  await harness.engine.provision(kept, 1);
  const keptPid = (await harness.invoke(kept)).json as number;
  const idlePid = (await harness.invoke(idle)).json as number;
  shortageMb = 100_000;
  await expect.poll(async () => {
    await harness.engine.retire(other.key);
    await harness.invoke(other);
    return isAlive(idlePid);
  }, { interval: 300 }).toBe(false);
  expect((await harness.invoke(kept)).json).toBe(keptPid);
});

test.each([
  ['nothing needed',                     0,   []],
  ['the longest unused spare',           10,  ['spare']],
  ['then by size and age',               60,  ['spare', 'large']],
  ['the last of a function at the end',  500, ['spare', 'large', 'old', 'small']],
])('least useful: %s', (_title, neededMb, names) => {
  const idle = [
    { name: 'small', idleMs: 100, memoryMb: 10, isSpare: false },
    { name: 'large', idleMs: 1000, memoryMb: 200, isSpare: false },
    { name: 'old', idleMs: 2000, memoryMb: 20, isSpare: false },
    { name: 'spare', idleMs: 900, memoryMb: 40, isSpare: true },
  ];
  expect(chooseLeastUseful(idle, neededMb).map(({ name }) => name)).toEqual(names);
});

test('where nothing tells of memory none is short', () => {
  expect(measureShortageMb('/nonexistent')).toBe(0);
});
