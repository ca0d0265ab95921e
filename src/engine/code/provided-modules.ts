// The AWS SDK that the runtime provides: links to the machine's copies, and to nothing else beside them.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { providedPackageOf } from './python-sdk.ts';

// AWS: what /var/runtime holds. docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html
export const NODE_SCOPES = ['@aws-sdk', '@smithy'];

/**
 * Makes `folder` hold links to the `@aws-sdk` and `@smithy` packages of the first of `sources`
 * (node_modules folders) that has them. Only these: whatever else the machine has installed would
 * hide from the developer that it is missing in the package.
 */
export async function linkNodeModules(folder: string, sources: readonly string[]): Promise<void> {
  await replaceFolder(folder, async (draft) => {
    for (const scope of NODE_SCOPES) {
      const source = sources.find((candidate) => existsSync(join(candidate, scope)));
      if (source !== undefined) await symlink(join(source, scope), join(draft, scope));
    }
  });
}

/** The node_modules folders at and above `folder` that have the AWS SDK. */
export function findNodeModules(folder: string): string[] {
  const found: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules');
    if (existsSync(join(candidate, '@aws-sdk'))) found.push(candidate);
    if (dirname(at) === at) return found;
  }
}

/** The same for Python: `sources` are site-packages folders. Returns what the links lead to. */
export async function linkPythonPackages(folder: string, sources: readonly string[]): Promise<string[]> {
  const targets: string[] = [];
  await replaceFolder(folder, async (draft) => {
    for (const source of sources) {
      for (const name of await readdir(source).catch(() => [])) {
        if (providedPackageOf(name) === undefined) continue;
        targets.push(join(source, name));
        await symlink(join(source, name), join(draft, name)).catch(() => {});
      }
    }
  });
  return targets;
}

/** Fills a draft and puts it in place in one step; an existing folder is replaced. */
async function replaceFolder(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  await fill(draft);
  if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
}
