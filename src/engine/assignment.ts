// What our own runtimes are told of the function that they become.
import { join } from 'node:path';
import type { CodeTree } from './code/code-trees.ts';
import type { InnerLayout, Isolation } from './isolation/isolation.ts';
import type { Runtime } from './runtimes/runtime.ts';

interface FunctionPlace {
  readonly env: Readonly<Record<string, string>>;
  readonly inner: InnerLayout;
  /** As it lies on the machine. */
  readonly tree: CodeTree;
  readonly runtime: Runtime;
  readonly isolation: Isolation;
}

export function describeFunction(place: FunctionPlace): Record<string, unknown> {
  const { env, inner, tree, runtime, isolation } = place;
  return {
    env,
    providedFolder: inner.providedFolder,
    workingDirectory: inner.workingDirectory,
    // Outside of the sandbox only: what one function writes there another must not load.
    compileCache: isolation.name === 'process' ? `${tree.taskRoot}-cache` : undefined,
    codePath: pythonPath(inner.tree, runtime, inner.providedFolder),
  };
}

/** AWS: the function's code first, then layers; the provided SDK last. */
export function pythonPath(
  tree: { readonly taskRoot: string; readonly layerRoot: string },
  runtime: Runtime,
  providedFolder: string | undefined,
): { first: string[]; last: string[] } {
  const layer = join(tree.layerRoot, 'python');
  return {
    first: [tree.taskRoot, join(layer, 'lib', `python${runtime.version}`, 'site-packages'), layer],
    last: providedFolder === undefined ? [] : [providedFolder],
  };
}
