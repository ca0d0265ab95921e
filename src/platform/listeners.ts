// Wakes whoever listens to a topic.

export interface Listeners {
  /** Returns the way to stop. */
  listen(topic: string, wake: () => void): () => void;
  wake(topics: Iterable<string>): void;
  readonly wakeAll: () => void;
  /** Whether anybody listens to anything. */
  readonly any: boolean;
}

export function createListeners(): Listeners {
  const byTopic = new Map<string, Set<() => void>>();

  function wake(topics: Iterable<string>): void {
    for (const topic of topics) {
      // A copy: a listener may stop listening, or begin again, while it is called.
      for (const call of Array.from(byTopic.get(topic) ?? [])) callSafely(call);
    }
  }

  return {
    listen(topic, wakeListener) {
      // The same function may listen twice, so each listener is its own object.
      const call = (): void => wakeListener();
      const calls = byTopic.get(topic) ?? new Set();
      byTopic.set(topic, calls.add(call));
      return () => {
        calls.delete(call);
        if (calls.size === 0 && byTopic.get(topic) === calls) byTopic.delete(topic);
      };
    },
    wake,
    wakeAll: () => wake([...byTopic.keys()]),
    get any() {
      return byTopic.size > 0;
    },
  };
}

/** The commit stands whatever a listener does; its error surfaces as an uncaught exception. */
function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
