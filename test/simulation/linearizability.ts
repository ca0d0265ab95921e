// Decides whether a history of concurrent operations could have happened one by one: the search of
// Wing and Gong with the memory of Lowe, as Knossos and Porcupine do it.

/** One operation as its client saw it. */
export interface Operation<Input, Output> {
  readonly client: number;
  readonly input: Input;
  /** Undefined: the client does not know whether it happened, or when. */
  readonly output: Output | undefined;
  readonly startMs: number;
  /** Infinity when the outcome is unknown. */
  readonly endMs: number;
}

/** The thing operated on, if it did one operation after another. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation; undefined when that output is impossible in this state. Any
   * output is possible when it is unknown.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal texts for equal states. */
  format(state: State): string;
}

export type Verdict<Input, Output> =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      /** As many operations in an order as could be made sense of. */
      readonly longest: readonly Operation<Input, Output>[];
      /** Those that were under way then, none of which can come next. */
      readonly stuck: readonly Operation<Input, Output>[];
    };

/** An operation's beginning or end, in a list that operations are taken out of and put back into. */
interface Event {
  readonly index: number;
  readonly begins: boolean;
  /** The end that belongs to a beginning; unknown outcomes have none. */
  end: Event | undefined;
  previous: Event | undefined;
  next: Event | undefined;
}

/**
 * Takes operations in every order that their times allow, depth first, and remembers which sets of
 * operations with which state afterwards led nowhere. Operations of unknown outcome may take place
 * at any time after their start, or never.
 */
export function checkHistory<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Verdict<Input, Output> {
  const head = linkEvents(history);
  const taken = new Uint8Array(history.length);
  const known = new Set<string>();
  const path: { readonly event: Event; readonly state: State }[] = [];
  let open = history.filter(({ output }) => output !== undefined).length;
  let state = model.initial;
  let longest: number[] = [];
  let stuck: number[] = [];
  let event = head.next;
  while (open > 0) {
    if (event?.begins === true) {
      const operation = history[event.index];
      const next = operation && model.step(state, operation.input, operation.output);
      if (
        next !== undefined &&
        remember(known, taken, { index: event.index, text: model.format(next) })
      ) {
        path.push({ event, state });
        state = next;
        takeOut(event);
        if (event.end !== undefined) open -= 1;
        event = head.next;
      } else {
        event = event.next;
      }
      continue;
    }
    if (path.length > longest.length || stuck.length === 0) {
      longest = path.map((step) => step.event.index);
      stuck = underWay(head);
    }
    const last = path.pop();
    if (last === undefined) {
      const pick = (indexes: readonly number[]): Operation<Input, Output>[] =>
        indexes.flatMap((index) => history[index] ?? []);
      return { linearizable: false, longest: pick(longest), stuck: pick(stuck) };
    }
    state = last.state;
    taken[last.event.index] = 0;
    if (last.event.end !== undefined) open += 1;
    putBack(last.event);
    event = last.event.next;
  }
  return { linearizable: true };
}

/** Marks the operation as taken, unless this set of operations with this state is known. */
function remember(
  known: Set<string>,
  taken: Uint8Array,
  { index, text }: { readonly index: number; readonly text: string },
): boolean {
  taken[index] = 1;
  const key = `${Buffer.from(taken).toString('latin1')}${text}`;
  if (!known.has(key)) {
    known.add(key);
    return true;
  }
  taken[index] = 0;
  return false;
}

function linkEvents(history: readonly Operation<unknown, unknown>[]): Event {
  const timed = history.flatMap((operation, index) => {
    const blank = { index, end: undefined, previous: undefined, next: undefined };
    const begin: Event = { ...blank, begins: true };
    if (operation.output === undefined) return [{ atMs: operation.startMs, event: begin }];
    const end: Event = { ...blank, begins: false };
    begin.end = end;
    return [
      { atMs: operation.startMs, event: begin },
      { atMs: operation.endMs, event: end },
    ];
  });
  // At the same instant beginnings come first: such operations overlap.
  timed.sort((a, b) => a.atMs - b.atMs || Number(b.event.begins) - Number(a.event.begins));
  const head: Event = {
    index: -1,
    begins: false,
    end: undefined,
    previous: undefined,
    next: undefined,
  };
  let last = head;
  for (const { event } of timed) {
    last.next = event;
    event.previous = last;
    last = event;
  }
  return head;
}

function takeOut(event: Event): void {
  for (const gone of [event, event.end]) {
    if (gone === undefined) continue;
    if (gone.previous !== undefined) gone.previous.next = gone.next;
    if (gone.next !== undefined) gone.next.previous = gone.previous;
  }
}

/** Undoes `takeOut`: the last one taken out goes back first. */
function putBack(event: Event): void {
  for (const back of [event.end, event]) {
    if (back === undefined) continue;
    if (back.previous !== undefined) back.previous.next = back;
    if (back.next !== undefined) back.next.previous = back;
  }
}

/** Operations that have begun before the first end that is left. */
function underWay(head: Event): number[] {
  const indexes: number[] = [];
  for (let event = head.next; event?.begins === true; event = event.next) indexes.push(event.index);
  return indexes;
}
