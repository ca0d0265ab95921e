// Runs a process, reads what it says, and kills it without warning.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface KillOptions {
  /** What node runs: a script and its arguments. */
  readonly args: readonly string[];
  /** Called with each whole line the process prints, as long as it lives. */
  readonly onLine?: (line: string) => void;
  /** SIGKILL is sent when this settles. */
  readonly until: (started: { readonly lines: readonly string[] }) => Promise<void>;
}

/**
 * Runs `node ARGS` until it is killed.
 * @returns every line that it had printed before it died.
 * @throws when it ends by itself: only the kill may end it.
 */
export async function runAndKill(options: KillOptions): Promise<string[]> {
  const child = spawn(process.execPath, [...options.args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    options.onLine?.(line);
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code));
  });
  try {
    await Promise.race([options.until({ lines }), ended]);
  } finally {
    child.kill('SIGKILL');
  }
  const how = await ended;
  if (how !== 'SIGKILL') throw new Error(`the process ended by itself (${how}):\n${errors}`);
  return lines;
}

/** Bundles a TypeScript program of the tests; packages stay where they are. Returns its path. */
export async function bundleProgram(source: URL): Promise<string> {
  // Below node_modules, so that the bundle finds the packages and nobody takes it for a source.
  const folder = fileURLToPath(
    new URL('../../node_modules/.cache/cloudlet-tests', import.meta.url),
  );
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${basename(source.pathname, '.ts')}-${process.pid}.mjs`);
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return outfile;
}
