// The dependency graph of resources: cycles, and running a step per node with as much at once as it allows.

/** Node → nodes it depends on. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** The nodes of one cycle (every node that is part of it), or undefined. */
export function findCycle(graph: Graph): string[] | undefined {
  const state = {
    index: new Map<string, number>(),
    low: new Map<string, number>(),
    stack: [] as string[],
  };
  for (const node of graph.keys()) {
    const cycle = state.index.has(node) ? undefined : strongConnect(graph, node, state);
    if (cycle !== undefined) return cycle.toSorted();
  }
  return undefined;
}

interface TarjanState {
  readonly index: Map<string, number>;
  readonly low: Map<string, number>;
  readonly stack: string[];
}

// Tarjan's strongly connected components. Templates hold at most 500 resources, so recursion is safe.
function strongConnect(graph: Graph, node: string, state: TarjanState): string[] | undefined {
  const { index, low, stack } = state;
  const own = index.size;
  index.set(node, own);
  low.set(node, own);
  stack.push(node);
  const next = graph.get(node) ?? [];
  if (next.includes(node)) return [node];
  for (const other of next) {
    if (!index.has(other)) {
      const cycle = strongConnect(graph, other, state);
      if (cycle !== undefined) return cycle;
      low.set(node, Math.min(low.get(node) ?? own, low.get(other) ?? own));
    } else if (stack.includes(other)) {
      low.set(node, Math.min(low.get(node) ?? own, index.get(other) ?? own));
    }
  }
  if (low.get(node) !== own) return undefined;
  const component = stack.splice(stack.indexOf(node));
  return component.length > 1 ? component : undefined;
}

/** The same graph with every edge turned round; edges to unknown nodes are dropped. */
export function reverse(graph: Graph): Graph {
  const turned = new Map<string, string[]>([...graph.keys()].map((node) => [node, []]));
  for (const [node, needed] of graph) {
    for (const other of needed) turned.get(other)?.push(node);
  }
  return turned;
}

/** `failed`: nothing new starts; what runs is waited for. */
export type StepResult = 'done' | 'failed';

export interface WalkOptions {
  readonly concurrency: number;
  /** Go on with nodes that do not depend on a failed one. */
  readonly keepGoing: boolean;
  /** True: start nothing new. */
  readonly stop: () => boolean;
}

/**
 * Runs `step` on every node after all it depends on. Throws what a step threw, once those running have
 * ended. Resolves with the nodes that failed and those never started.
 */
export async function walk(
  graph: Graph,
  step: (node: string) => Promise<StepResult>,
  options: WalkOptions,
): Promise<{ failed: string[]; skipped: string[] }> {
  const waiting = new Set(graph.keys());
  const done = new Set<string>();
  const failed: string[] = [];
  const thrown: unknown[] = [];
  const running = new Map<string, Promise<void>>();

  const isReady = (node: string): boolean =>
    (graph.get(node) ?? []).every((other) => done.has(other) || !graph.has(other));
  const mayStart = (): boolean =>
    thrown.length === 0 && (options.keepGoing || failed.length === 0) && !options.stop();
  const run = async (node: string): Promise<void> => {
    try {
      if ((await step(node)) === 'done') done.add(node);
      else failed.push(node);
    } catch (error) {
      thrown.push(error);
    } finally {
      running.delete(node);
    }
  };

  for (;;) {
    for (const node of waiting) {
      if (running.size >= options.concurrency || !mayStart()) break;
      if (!isReady(node)) continue;
      waiting.delete(node);
      running.set(node, run(node));
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (thrown.length > 0) throw thrown[0];
  return { failed, skipped: [...waiting] };
}
