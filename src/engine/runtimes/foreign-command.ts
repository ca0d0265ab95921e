// The command lines of runtimes that are not ours: a bootstrap, or an interpreter with its official client.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidEntrypoint } from '../failures.ts';
import type { CodeTree } from '../code/code-trees.ts';
import type { InnerLayout } from '../isolation/isolation.ts';
import type { Runtime } from './runtime.ts';

export interface ForeignProgram {
  readonly runtime: Runtime;
  /** The interpreter as seen from inside. */
  readonly executable: string;
  readonly inner: InnerLayout;
  /** On the host. */
  readonly tree: CodeTree;
  readonly handler: string;
  readonly memoryMb: number;
}

export function foreignCommand(program: ForeignProgram): string[] {
  switch (program.runtime.family) {
    case 'java':
      return javaCommand(program);
    case 'ruby':
      return [program.executable, join(program.inner.providedFolder ?? '', 'bin', 'aws_lambda_ric'), program.handler];
    case 'dotnet':
      return dotnetCommand(program);
    case 'nodejs':
    case 'python':
    case 'go':
    case 'provided':
      return [join(program.inner.tree[findBootstrap(program.tree)], 'bootstrap')];
  }
}

/**
 * AWS: the bootstrap of its Java images: a serial collector, the first compiler only, and a heap that
 * leaves 15 % of the memory, at most 240 MB. The client itself loads /var/task, its lib/*.jar and, from
 * /opt/java, those of layers; on the class path they are found where /opt is another folder, too.
 */
function javaCommand({ executable, inner, tree, handler, memoryMb }: ForeignProgram): string[] {
  const heapKb = Math.floor(memoryMb * 1024 - Math.min(memoryMb * 1024 * 0.15, 240 * 1024));
  const client = join(inner.providedFolder ?? '', 'lib', '*');
  const layers = hasFiles(join(tree.layerRoot, 'java', 'lib')) ? [join(inner.tree.layerRoot, 'java', 'lib', '*')] : [];
  return [
    executable,
    `-XX:MaxHeapSize=${heapKb}k`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-classpath',
    [client, ...layers].join(':'),
    'com.amazonaws.services.lambda.runtime.api.client.AWSLambda',
    handler,
  ];
}

/**
 * AWS: a handler without `::` names an executable assembly, which has Amazon.Lambda.RuntimeSupport in
 * itself; any other is a method of a class library, for which the platform runs that package.
 * docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html. Differs: the library has to bring it along.
 */
function dotnetCommand({ executable, inner, tree, handler }: ForeignProgram): string[] {
  const { taskRoot } = inner.tree;
  const [assembly = ''] = handler.split('::');
  if (!handler.includes('::')) return [executable, 'exec', join(taskRoot, `${assembly}.dll`)];
  const support = 'Amazon.Lambda.RuntimeSupport.dll';
  if (!existsSync(join(tree.taskRoot, support))) {
    const text = `${support} is not in the package: build an executable assembly, or add the package Amazon.Lambda.RuntimeSupport`;
    throw new InvalidEntrypoint(text);
  }
  const described = ['deps', 'runtimeconfig'].flatMap((kind) => [
    kind === 'deps' ? '--depsfile' : '--runtimeconfig',
    join(taskRoot, `${assembly}.${kind}.json`),
  ]);
  return [executable, 'exec', ...described, join(taskRoot, support), handler];
}

function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}

/** AWS: the function's bootstrap first, then a layer's. docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html */
export function findBootstrap(tree: CodeTree): 'taskRoot' | 'layerRoot' {
  for (const place of ['taskRoot', 'layerRoot'] as const) {
    const mode = statSync(join(tree[place], 'bootstrap'), { throwIfNoEntry: false })?.mode;
    if (mode === undefined) continue;
    if ((mode & 0o111) !== 0) return place;
    const path = place === 'taskRoot' ? '/var/task/bootstrap' : '/opt/bootstrap';
    throw new InvalidEntrypoint(`fork/exec ${path}: permission denied`);
  }
  throw new InvalidEntrypoint(
    "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
  );
}
