// Builds dist/: the command line, the testing entry, the guests that run inside function processes.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/** The SDK packages' ES modules, so that only the schemas are bundled, one lazy chunk a service. */
const sdkSchemas = {
  name: 'sdk-schemas',
  setup(builder) {
    builder.onResolve({ filter: /^@aws-sdk\/client-[^/]+\/dist-es\/schemas\// }, ({ path }) => ({
      path: join(root, 'node_modules', path),
      sideEffects: false,
    }));
  },
};

export async function buildAll() {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const result = await build({
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/main.ts', testing: 'src/testing/create-cloud.ts' },
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    mainFields: ['module', 'main'],
    conditions: ['module'],
    external: ['lmdb', 'msgpackr', 'esbuild'],
    chunkNames: 'chunks/[name]-[hash]',
    // Some bundled CommonJS packages call require() for built-in modules.
    banner: {
      js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
    },
    sourcemap: true,
    sourcesContent: false,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [sdkSchemas],
  });
  await cp(join(root, 'src/engine/guest'), join(dist, 'guest'), {
    recursive: true,
    filter: (source) => !/\.test\.|__pycache__|tsconfig/.test(source),
  });
  await writeFile(join(dist, 'meta.json'), JSON.stringify(result.metafile));
}

/** Newest modification time below a folder, ms; 0 when it is absent. */
export async function newestIn(folder) {
  let newest = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    const time = entry.isDirectory() ? await newestIn(path) : (await stat(path)).mtimeMs;
    newest = Math.max(newest, time);
  }
  return newest;
}

/** Builds when dist/ is absent or older than the sources. */
export async function buildIfStale() {
  const built = (await stat(join(dist, 'cli.js')).catch(() => undefined))?.mtimeMs ?? 0;
  const sources = Math.max(await newestIn(join(root, 'src')), (await stat(join(root, 'package.json'))).mtimeMs);
  if (built > sources) return false;
  await buildAll();
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  await buildAll();
  // Only for the published package: running a clone needs no declarations.
  if (process.argv.includes('--types')) execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  console.log(`built dist/ in ${Math.round(performance.now() - started)} ms`);
}
