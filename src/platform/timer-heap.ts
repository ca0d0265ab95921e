// Timers ordered by due time; equal ones in the order in which they were added.

export interface HeapTimer {
  readonly dueMs: number;
  /** Grows with every timer added: the tie-breaker. */
  readonly order: number;
}

export interface TimerHeap<T extends HeapTimer> {
  readonly size: number;
  push(timer: T): void;
  /** The earliest, left in place. */
  peek(): T | undefined;
  /** The earliest, taken out. */
  pop(): T | undefined;
  /** Drops the timers that `keep` refuses. */
  retain(keep: (timer: T) => boolean): void;
}

/** A binary heap. */
export function createTimerHeap<T extends HeapTimer>(): TimerHeap<T> {
  const heap: T[] = [];

  function before(a: T, b: T): boolean {
    return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
  }

  function siftUp(timer: T): void {
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(timer, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = timer;
  }

  function siftDown(timer: T): void {
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const rightFirst = right !== undefined && before(right, left);
      const child = rightFirst ? right : left;
      if (!before(child, timer)) break;
      heap[at] = child;
      at = 2 * at + (rightFirst ? 2 : 1);
    }
    heap[at] = timer;
  }

  return {
    get size() {
      return heap.length;
    },
    push: siftUp,
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) siftDown(last);
      return first;
    },
    retain(keep) {
      const kept = heap.filter(keep).sort((a, b) => (before(a, b) ? -1 : 1));
      // What is sorted is a heap.
      heap.splice(0, heap.length, ...kept);
    },
  };
}
