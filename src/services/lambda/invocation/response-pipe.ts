// A streamed response on its way from a function to its caller: one chunk at a time, held up by its reader.
import type { ResponseSink } from '../../../base/function-runner.ts';

export interface ResponsePipe {
  /** For the engine. */
  readonly sink: ResponseSink;
  /** The content type, once the function begins to stream; undefined when it ended without. */
  readonly started: Promise<string | undefined>;
  /** To be read once. Whoever stops reading refuses what is still to come. */
  readonly chunks: AsyncIterableIterator<Uint8Array>;
  /** The function is done. */
  end(): void;
  /** Nobody reads any more. */
  close(): void;
}

interface Written {
  readonly chunk: Uint8Array;
  readonly taken: () => void;
  readonly refused: (reason: Error) => void;
}

type Step = IteratorResult<Uint8Array, undefined>;

const DONE: Step = { done: true, value: undefined };

export function createResponsePipe(): ResponsePipe {
  const written: Written[] = [];
  let reader: ((step: Step) => void) | undefined;
  let isEnded = false;
  let isClosed = false;
  let announce: (contentType: string | undefined) => void = () => {};
  const started = new Promise<string | undefined>((resolve) => {
    announce = resolve;
  });

  function close(): void {
    isClosed = true;
    announce(undefined);
    for (const { refused } of written.splice(0)) refused(new Error('the reader of the response left'));
    reader?.(DONE);
    reader = undefined;
  }

  return {
    started,
    sink: {
      start: ({ contentType }) => announce(contentType),
      write(chunk) {
        if (isClosed) return Promise.reject(new Error('the reader of the response left'));
        if (reader !== undefined) {
          const waiting = reader;
          reader = undefined;
          waiting({ done: false, value: chunk });
          return Promise.resolve();
        }
        return new Promise((taken, refused) => written.push({ chunk, taken, refused }));
      },
    },
    chunks: {
      next() {
        const first = written.shift();
        if (first !== undefined) {
          first.taken();
          return Promise.resolve({ done: false, value: first.chunk });
        }
        if (isEnded || isClosed) return Promise.resolve(DONE);
        return new Promise((resolve) => {
          reader = resolve;
        });
      },
      return() {
        close();
        return Promise.resolve(DONE);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
    end() {
      isEnded = true;
      announce(undefined);
      reader?.(DONE);
      reader = undefined;
    },
    close,
  };
}
