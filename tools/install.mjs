// Installs the project's packages when they are missing or older than the lock file.
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const NODE_MIN = [20, 19];

/** The example application's packages, and those of its layer. */
export async function installExample() {
  const example = join(root, 'examples', 'user-service');
  await installIfMissing(join(example, 'src'));
  await installIfMissing(join(example, 'layers', 'sharp'));
}

/** @param {string} [folder] a folder with its own package.json; default: the project's root. */
export async function installIfMissing(folder = root) {
  checkNode();
  const lock = await modified(join(folder, 'package-lock.json'));
  const installed = await modified(join(folder, 'node_modules', '.package-lock.json'));
  if (installed !== 0 && installed >= lock) return;
  const name = folder === root ? 'packages' : `packages of ${folder.slice(root.length + 1)}`;
  process.stderr.write(`installing ${name} (once; takes some seconds)…\n`);
  // Not `npm ci`: it refuses a lock file that lacks the optional binaries of other platforms.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, folder);
}

/** Runs a command with our terminal; exits with its code when it fails. */
export function run(command, args, cwd = root, env = process.env) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      process.exit(1);
    });
    child.on('exit', (code, signal) => {
      if (code === 0) done(undefined);
      else process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(`Cloudlet needs Node.js ${NODE_MIN.join('.')} or newer; this is ${process.version}.`);
  process.exit(1);
}

async function modified(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
