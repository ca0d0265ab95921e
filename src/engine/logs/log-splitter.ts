// Splits what a runtime writes into messages: frames whole, everything else line by line.

/** AWS: the platform cuts longer messages. CloudWatch Logs quota of an event, 1 MB (256 KB until 2025) */
const MAX_MESSAGE_BYTES = 262_144;
const FRAME_HEAD_BYTES = 16;
const NEWLINE = 0x0a;

export interface LogSplitter {
  push(chunk: Buffer): void;
  /** Emits what is left without a line end. */
  flush(): void;
}

/**
 * Frames: type (A5 5A 00 xx), length, microseconds, message; all big-endian.
 * AWS: awslambdaric, FramedTelemetryLogSink.
 * @param emit receives each message, its line end included.
 */
export function createLogSplitter(emit: (message: string) => void): LogSplitter {
  let pending: Buffer = Buffer.alloc(0);

  function emitText(bytes: Buffer): void {
    const text = bytes.toString('utf8');
    emit(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Takes one message off the front; false when it is not complete yet. */
  function take(): boolean {
    if (pending.length === 0) return false;
    if (startsFrame(pending, 0)) return takeFrame();
    const end = pending.indexOf(NEWLINE);
    const frameAt = findFrame(pending, end === -1 ? pending.length : end);
    if (frameAt !== -1) {
      emitText(pending.subarray(0, frameAt));
      pending = pending.subarray(frameAt);
      return true;
    }
    if (end === -1 || end >= MAX_MESSAGE_BYTES) {
      if (pending.length < MAX_MESSAGE_BYTES) return false;
      emitText(pending.subarray(0, MAX_MESSAGE_BYTES));
      pending = pending.subarray(MAX_MESSAGE_BYTES);
      return true;
    }
    emitText(pending.subarray(0, end + 1));
    pending = pending.subarray(end + 1);
    return true;
  }

  function takeFrame(): boolean {
    if (pending.length < FRAME_HEAD_BYTES) return false;
    const length = pending.readUInt32BE(4);
    if (pending.length < FRAME_HEAD_BYTES + Math.min(length, MAX_MESSAGE_BYTES)) return false;
    const kept = Math.min(length, MAX_MESSAGE_BYTES);
    emitText(pending.subarray(FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + kept));
    const rest = pending.subarray(FRAME_HEAD_BYTES + kept);
    // A longer frame goes on as a frame of its own with what is left.
    pending = length === kept ? rest : Buffer.concat([frameHead(length - kept), rest]);
    return true;
  }

  return {
    push(chunk) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      while (take());
    },
    flush() {
      while (take());
      if (pending.length > 0) emitText(pending);
      pending = Buffer.alloc(0);
    },
  };
}

// A5 is a continuation byte in UTF-8: after a line's start these bytes are never text.
function startsFrame(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0xa5 &&
    (at + 1 >= bytes.length || bytes[at + 1] === 0x5a) &&
    (at + 2 >= bytes.length || bytes[at + 2] === 0)
  );
}

/** Where a frame begins before `end`, behind text without a line end; -1 when there is none. */
function findFrame(bytes: Buffer, end: number): number {
  const line = bytes.subarray(0, end);
  for (let at = line.indexOf(0xa5); at !== -1; at = line.indexOf(0xa5, at + 1)) {
    if (at + 2 < bytes.length && startsFrame(bytes, at)) return at;
  }
  return -1;
}

function frameHead(length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(0xa55a0003, 0);
  head.writeUInt32BE(length, 4);
  return head;
}
