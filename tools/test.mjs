// `npm test`: installs what is missing, builds, runs the tests, and says plainly what ran and what could not.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installExample, installIfMissing, root } from './install.mjs';

/** Programs and files that some tests need and others do without. */
const OPTIONAL = [
  ['python3', 'Python functions'],
  ['bwrap', 'the sandbox driver (Debian package bubblewrap)'],
  ['aws', 'tests with the AWS command line'],
  ['terraform', 'tests with Terraform'],
];

await installIfMissing();
await installExample();
const { buildIfStale } = await import('./build.mjs');
await buildIfStale();
const { startVitest } = await import('vitest/node');
const vitest = await startVitest('test', process.argv.slice(2), { watch: false, root });
const files = vitest.state.getTestModules();
let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of files) {
  for (const test of file.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else if (state === 'failed') failed += 1;
    else skipped += 1;
  }
  // A file that could not be loaded has no tests to count, and still is a failure.
  if (file.state() === 'failed' && [...file.children.allTests('failed')].length === 0) failed += 1;
}
await vitest.close();
if (vitest.state.getUnhandledErrors().length > 0) failed += 1;

const missing = OPTIONAL.filter(([program]) => !isOnPath(program));
if (!existsSync(join(root, '..', 'shared', 'conformance'))) {
  missing.push(['../shared/conformance', 'public conformance suites']);
}
for (const [name, use] of missing) console.log(`skipped for want of ${name}: ${use}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
