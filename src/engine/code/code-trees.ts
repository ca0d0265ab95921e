// Unpacked code and layers on disk, one folder per combination, shared by all functions that use it.
import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FunctionCode, FunctionDefinition } from '../../base/function-runner.ts';
import { MAX_UNPACKED_BYTES, unpackArchive } from './archive.ts';

export interface CodeTree {
  /** `/var/task`. */
  readonly taskRoot: string;
  /** `/opt`: layers merged in order; empty without layers. */
  readonly layerRoot: string;
  readonly hasLayers: boolean;
}

export interface CodeTrees {
  /** Unpacks once; concurrent callers share the work. Rejects with FunctionUnavailable. */
  prepare(definition: FunctionDefinition): Promise<CodeTree>;
}

/**
 * Layout of `folder`: `HASH/task`, `HASH/opt`, and `HASH/node_modules`, a link to the layers' modules:
 * Node.js looks for packages in the parents of the importing file, so ES modules find layers without
 * a loader. `folder/node_modules` (see provided-modules.ts) comes after that in the same way.
 */
export function createCodeTrees(folder: string): CodeTrees {
  const prepared = new Map<string, Promise<CodeTree>>();

  async function build(root: string, definition: FunctionDefinition): Promise<CodeTree> {
    const tree = {
      taskRoot: join(root, 'task'),
      layerRoot: join(root, 'opt'),
      hasLayers: definition.layers.length > 0,
    };
    if (await exists(root)) return tree;
    const draft = `${root}.${process.pid}-${Date.now().toString(36)}`;
    try {
      await unpackInto(draft, definition);
      await publish(draft, root);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return tree;
  }

  return {
    prepare(definition) {
      const hash = hashOf(definition.code, definition.layers);
      let tree = prepared.get(hash);
      if (tree === undefined) {
        tree = build(join(folder, hash), definition);
        prepared.set(hash, tree);
        // A failure is told to those who waited; the next one tries again.
        tree.catch(() => prepared.delete(hash));
      }
      return tree;
    },
  };
}

async function unpackInto(draft: string, definition: FunctionDefinition): Promise<void> {
  await mkdir(join(draft, 'task'), { recursive: true });
  await mkdir(join(draft, 'opt'), { recursive: true });
  let room = MAX_UNPACKED_BYTES;
  const code = await unpackArchive(await definition.code.read(), join(draft, 'task'), room);
  room -= code.unpackedBytes;
  for (const [index, layer] of definition.layers.entries()) {
    // Each into a folder of its own first: a layer must not write through another one's links.
    const own = join(draft, `layer-${index}`);
    await mkdir(own);
    const unpacked = await unpackArchive(await layer.read(), own, room);
    room -= unpacked.unpackedBytes;
    await mergeFolder(own, join(draft, 'opt'));
    await rm(own, { recursive: true, force: true });
  }
  await symlink(join('opt', 'nodejs', 'node_modules'), join(draft, 'node_modules'));
}

/** Later layers replace files of earlier ones; folders merge. */
async function mergeFolder(from: string, to: string): Promise<void> {
  for (const item of await readdir(from, { withFileTypes: true })) {
    const source = join(from, item.name);
    const target = join(to, item.name);
    if (item.isDirectory() && (await isRealFolder(target))) {
      await mergeFolder(source, target);
      continue;
    }
    await rm(target, { recursive: true, force: true });
    await rename(source, target).catch(() =>
      cp(source, target, { recursive: true, verbatimSymlinks: true }),
    );
  }
}

async function isRealFolder(path: string): Promise<boolean> {
  const info = await lstat(path).catch(() => undefined);
  return info?.isDirectory() === true;
}

/** Atomic; when another process of this machine was faster, its tree is as good. */
async function publish(draft: string, root: string): Promise<void> {
  try {
    await rename(draft, root);
  } catch (error) {
    if (!(await exists(root))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function hashOf(code: FunctionCode, layers: readonly FunctionCode[]): string {
  const text = [code, ...layers].map((part) => part.sha256).join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
