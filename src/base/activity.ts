// Counts work in flight, so that a virtual clock knows when the cloud is quiet.

/**
 * One piece of work: an external request, an invocation, a worker step. Work it starts on its behalf
 * (in-process calls) shares the token, so that parking releases the whole chain.
 */
export interface ActivityToken {
  /** Waits for `wait` without counting as in flight (long polls, idle pollers). */
  park<T>(wait: Promise<T>): Promise<T>;
  /** Ends the piece of work. Idempotent. */
  end(): void;
}

export interface Activity {
  begin(): ActivityToken;
  /** Runs `body` as one piece of work. */
  run<T>(body: (token: ActivityToken) => Promise<T>): Promise<T>;
  /** Resolves once nothing has been in flight for a full turn of the event loop. */
  quiet(): Promise<void>;
  /** Pieces of work in flight now. */
  readonly inFlight: number;
}

/** @param nextTurn resolves after pending callbacks of the event loop have run. */
export function createActivity(nextTurn: () => Promise<void>): Activity {
  let inFlight = 0;
  let waiters: (() => void)[] = [];

  function enter(): void {
    inFlight += 1;
  }

  function leave(): void {
    inFlight -= 1;
    if (inFlight > 0) return;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  }

  function begin(): ActivityToken {
    inFlight += 1;
    return new Token(enter, leave);
  }

  async function quiet(): Promise<void> {
    for (let calmTurns = 0; calmTurns < 2; ) {
      if (inFlight > 0) {
        await new Promise<void>((resolve) => waiters.push(resolve));
        calmTurns = 0;
      } else {
        await nextTurn();
        calmTurns = inFlight > 0 ? 0 : calmTurns + 1;
      }
    }
  }

  return {
    begin,
    async run(body) {
      const token = begin();
      try {
        return await body(token);
      } finally {
        token.end();
      }
    },
    quiet,
    get inFlight() {
      return inFlight;
    },
  };
}

/** A class, not a literal with closures: every request has one. */
class Token implements ActivityToken {
  readonly #enter: () => void;
  readonly #leave: () => void;
  #ended = false;
  #parks = 0;

  constructor(enter: () => void, leave: () => void) {
    this.#enter = enter;
    this.#leave = leave;
  }

  async park<T>(wait: Promise<T>): Promise<T> {
    if (this.#ended) return wait;
    // Parallel parks of one token release it only while nothing else runs under it is unknowable
    // here; the first park releases, the last one to finish takes it back.
    if (this.#parks === 0) this.#leave();
    this.#parks += 1;
    try {
      return await wait;
    } finally {
      this.#parks -= 1;
      if (this.#parks === 0 && !this.#ended) this.#enter();
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#parks === 0) this.#leave();
  }
}
