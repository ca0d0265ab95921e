// The end of the event loop's present turn.

/** Resolves after the callbacks that are ready now have run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @returns a `nextTurn` whose callers of one turn wait for the same promise, and go on one by one. */
export function shareNextTurn(): () => Promise<void> {
  let shared: Promise<void> | undefined;
  const begin = (): void => {
    shared = undefined;
  };
  return () => (shared ??= nextTurn().then(begin));
}
