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

  function leave(): void {
    inFlight -= 1;
    if (inFlight > 0) return;
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  }

  function begin(): ActivityToken {
    let ended = false;
    let parks = 0;
    inFlight += 1;
    return {
      async park(wait) {
        if (ended) return wait;
        // Parallel parks of one token release it only while nothing else runs under it is unknowable
        // here; the first park releases, the last one to finish takes it back.
        if (parks === 0) leave();
        parks += 1;
        try {
          return await wait;
        } finally {
          parks -= 1;
          if (parks === 0 && !ended) inFlight += 1;
        }
      },
      end() {
        if (ended) return;
        ended = true;
        if (parks === 0) leave();
      },
    };
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
