// The end of the event loop's present turn.

/** Resolves after the callbacks that are ready now have run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
