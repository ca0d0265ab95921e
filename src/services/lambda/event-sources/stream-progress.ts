// How far a shard has been processed, when batches of it end out of order.

export interface StreamProgress {
  /** A record was read; records are read in order. */
  read(sequence: string): void;
  /** The record needs no more work: the function took it, or it was filtered out or discarded. */
  finish(sequence: string): void;
  /** All records up to this sequence number are finished; undefined as long as none is. */
  readonly finishedTo: string | undefined;
}

export function createStreamProgress(): StreamProgress {
  const open: { readonly sequence: string; finished: boolean }[] = [];
  const bySequence = new Map<string, { finished: boolean }>();
  let finishedTo: string | undefined;
  return {
    read(sequence) {
      const entry = { sequence, finished: false };
      open.push(entry);
      bySequence.set(sequence, entry);
    },
    finish(sequence) {
      const entry = bySequence.get(sequence);
      if (entry === undefined) return;
      entry.finished = true;
      let first = open[0];
      while (first?.finished === true) {
        finishedTo = first.sequence;
        bySequence.delete(first.sequence);
        open.shift();
        first = open[0];
      }
    },
    get finishedTo() {
      return finishedTo;
    },
  };
}
