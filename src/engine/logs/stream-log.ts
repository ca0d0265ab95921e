// One environment's log stream: gathers lines, keeps the tail of the invocation, hands batches on.
import type { FunctionDefinition, LogLine, LogSink } from '../../base/function-runner.ts';

/** AWS: LogResult holds the last 4 KB. docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const TAIL_BYTES = 4096;
/** A batch is handed on at this size even while the function still runs. */
const BATCH_BYTES = 512 * 1024;
/** Above this much handed on and not yet stored, the function's writes are held up. */
const BACKLOG_BYTES = 8 * 1024 * 1024;

export interface StreamLogOptions {
  readonly definition: FunctionDefinition;
  readonly streamName: string;
  readonly sink: LogSink;
  readonly nowMs: () => number;
  /** Told of every write on its way to the sink. */
  readonly track: (work: Promise<unknown>) => void;
}

export interface StreamLog {
  readonly streamName: string;
  readonly append: (message: string) => void;
  /** Forgets the tail: what follows belongs to a new invocation. */
  beginTail(): void;
  /** The last 4 KB since `beginTail`. */
  tail(): string;
  /** Hands on what has gathered. */
  flush(): void;
  /** Called with true when too much is on its way, with false once it is stored. */
  onCongestion: (congested: boolean) => void;
}

export function createStreamLog(options: StreamLogOptions): StreamLog {
  const { definition, streamName, sink, nowMs, track } = options;
  let lines: LogLine[] = [];
  let lineBytes = 0;
  let tailParts: string[] = [];
  let tailBytes = 0;
  let stored: Promise<unknown> = Promise.resolve();
  let backlogBytes = 0;
  let congested = false;

  const log: StreamLog = {
    streamName,
    append(message) {
      lines.push({ timestampMs: nowMs(), message });
      lineBytes += message.length;
      tailParts.push(message);
      tailBytes += message.length;
      // Trimmed now and then only: the exact cut is made when the tail is asked for.
      if (tailBytes > 16 * TAIL_BYTES) trimTail();
      if (lineBytes > BATCH_BYTES) log.flush();
    },
    beginTail() {
      tailParts = [];
      tailBytes = 0;
    },
    tail: () => lastBytes(tailParts.join(''), TAIL_BYTES),
    flush() {
      if (lines.length === 0) return;
      const batch = lines;
      const bytes = lineBytes;
      lines = [];
      lineBytes = 0;
      backlogBytes += bytes;
      const write = store(stored, batch).finally(() => {
        backlogBytes -= bytes;
        announce();
      });
      // A batch that could not be stored does not hold up the next one.
      stored = write.catch(() => {});
      announce();
      track(write);
    },
    onCongestion() {},
  };

  async function store(previous: Promise<unknown>, batch: readonly LogLine[]): Promise<void> {
    await previous;
    await sink.write(definition, streamName, batch);
  }

  function trimTail(): void {
    tailParts = [lastBytes(tailParts.join(''), TAIL_BYTES)];
    tailBytes = tailParts[0]?.length ?? 0;
  }

  function announce(): void {
    const now = backlogBytes > BACKLOG_BYTES;
    if (now === congested) return;
    congested = now;
    log.onCongestion(congested);
  }

  return log;
}

function lastBytes(text: string, count: number): string {
  if (text.length <= count / 4) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= count) return text;
  let start = bytes.length - count;
  // Never cut a character in two.
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.toString('utf8', start);
}
