// `npm run ok`: every check of the house, one after the other; stops at the first that fails.
import { join } from 'node:path';
import { installIfMissing, root, run } from './install.mjs';

await installIfMissing();
const bin = (name) => join(root, 'node_modules', '.bin', name);
const CHECKS = [
  ['types', bin('tsc'), ['--noEmit']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['layers', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'src']],
  ['dead code', bin('knip'), []],
  ['tests and tidy', process.execPath, [join(root, 'tools', 'test.mjs')]],
];
for (const [name, command, args] of CHECKS) {
  const started = performance.now();
  process.stderr.write(`▸ ${String(name)}\n`);
  await run(command, args);
  process.stderr.write(`  ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
console.log('everything is in order');
