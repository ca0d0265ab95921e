// For a test: an engine with a busy function, an idle one and a grandchild, to be killed from outside.
import { createHarness } from './engine-harness.ts';

const harness = createHarness();
const idle = await harness.define({
  'index.js': `const { spawn } = require('child_process'); const child = spawn('sleep', ['600']); exports.handler = async () => [process.pid, child.pid];`,
});
const busy = await harness.define({
  'index.js': `process.on('SIGTERM', () => {}); exports.handler = async () => { require('fs').writeFileSync(process.env.MARK, String(process.pid)); for (;;); };`,
}, { timeoutMs: 600_000, environment: { MARK: `${harness.workDir}/pid` } });
const { json } = await harness.invoke(idle);
void harness.invoke(busy);
const { readFileSync } = await import('node:fs');
const poll = setInterval(() => {
  try {
    const pid = Number(readFileSync(`${harness.workDir}/pid`, 'utf8'));
    if (pid === 0) return;
    clearInterval(poll);
    process.stdout.write(`${JSON.stringify([...(json as number[]), pid])}\n`);
  } catch {
    // Not written yet.
  }
}, 10);
