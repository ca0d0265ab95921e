// Turns: the right to commit while nobody else does, for transactions that lost too often.

export interface Turn {
  end(): void;
}

export interface Turns {
  /** Waits until it is nobody else's turn; `mine` does not wait for itself. */
  pass(mine: Turn | undefined): Promise<void>;
  /** Waits for the turns of others, and begins one. */
  begin(): Promise<Turn>;
}

/** @param longestMs then a turn ends by itself: it may be waiting for the commits it holds up. */
export function createTurns(longestMs: number): Turns {
  let current: { readonly turn: Turn; readonly over: Promise<void> } | undefined;

  async function pass(mine: Turn | undefined): Promise<void> {
    while (current !== undefined && current.turn !== mine) await current.over;
  }

  return {
    pass,
    async begin() {
      await pass(undefined);
      let resolve = (): void => {};
      const over = new Promise<void>((done) => {
        resolve = done;
      });
      const turn: Turn = {
        end() {
          clearTimeout(patience);
          if (current?.turn === turn) current = undefined;
          resolve();
        },
      };
      const patience = setTimeout(() => turn.end(), longestMs);
      current = { turn, over };
      return turn;
    },
  };
}
