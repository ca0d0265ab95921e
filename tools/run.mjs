// Runs a TypeScript tool: `node tools/run.mjs FILE.ts [ARGS…]`. Bundles it in memory-sized time with esbuild.
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) {
  console.error('usage: node tools/run.mjs FILE.ts [ARGS…]');
  process.exit(2);
}
// Inside node_modules, so that the bundle resolves the project's packages.
const folder = await mkdtemp(join(root, 'node_modules', '.run-'));
const outfile = join(folder, 'tool.mjs');
try {
  await build({
    entryPoints: [resolve(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  process.argv = [process.argv[0], resolve(entry), ...args];
  await import(pathToFileURL(outfile).href);
} finally {
  await rm(folder, { recursive: true, force: true });
}
