// What a container writes, from the two streams of the command that runs it to messages.
import type { Readable } from 'node:stream';
import { createLogSplitter } from '../logs/log-splitter.ts';

interface CollectedLogs {
  readonly hear: (listener: (message: string) => void) => void;
  readonly hold: (held: boolean) => void;
  readonly lastWords: () => string;
}

/** Lines of either stream stay whole; what was written before somebody listens is kept. */
export function collectLogs(streams: readonly Readable[]): CollectedLogs {
  let early: string[] | undefined = [];
  let last = '';
  let listener: (message: string) => void = (message) => early?.push(message);
  for (const stream of streams) {
    const splitter = createLogSplitter((message) => {
      last = message.trim() || last;
      listener(message);
    });
    stream.on('data', (chunk: Buffer) => splitter.push(chunk));
    stream.once('end', () => splitter.flush());
  }
  return {
    hear(next) {
      listener = next;
      for (const message of early ?? []) next(message);
      early = undefined;
    },
    hold(held) {
      for (const stream of streams) {
        if (held) stream.pause();
        else stream.resume();
      }
    },
    lastWords: () => last,
  };
}
