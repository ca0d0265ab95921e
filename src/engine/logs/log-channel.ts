// Pipes that carry what runtimes write: one named pipe per process for stdout, stderr and framed logs.
import { spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** One process's log pipe. All writers share it, so that order is kept between them. */
export interface LogChannel {
  readonly reader: Socket;
  /** For the child's stdout and stderr; non-blocking mode set on it does not touch `frameFd`. */
  readonly outputFd: number;
  /** For the child's descriptor 3. */
  readonly frameFd: number;
  /** Closes our copies of the writing ends: the reader ends once the process and its children have. */
  handedOver(): void;
}

/** A pipe that a process opens by its path, as often as it likes. */
export interface NamedLogChannel {
  readonly reader: Socket;
  /** The process has opened it: the path goes, and the reader ends once all its writers have. */
  handedOver(): void;
}

export interface LogChannels {
  open(): Promise<LogChannel>;
  /** @param path in the same file system as the folder of the pipes. */
  openAt(path: string): Promise<NamedLogChannel>;
}

const BATCH = 16;

/**
 * Named pipes, because Node.js gives children socket pairs, which cannot be opened again as
 * `/dev/stdout` (shell bootstraps do) nor shared between stdout, stderr and the frames.
 * @param folder exists once the first channel is opened; the pipes live there for microseconds.
 */
export function createLogChannels(folder: string): LogChannels {
  const spare: string[] = [];
  let made = 0;
  let making: Promise<void> | undefined;

  async function makeMore(): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const paths = Array.from({ length: BATCH }, (_, index) => join(folder, `log-${made + index}`));
    made += BATCH;
    await run('mkfifo', ['-m', '600', ...paths]);
    spare.push(...paths);
  }

  async function take(): Promise<string> {
    let path = spare.pop();
    while (path === undefined) {
      await (making ??= makeMore().finally(() => (making = undefined)));
      path = spare.pop();
    }
    return path;
  }

  return {
    async open() {
      const path = await take();
      const reader = openReader(path);
      const outputFd = openSync(path, constants.O_WRONLY);
      const frameFd = openSync(path, constants.O_WRONLY);
      unlinkSync(path);
      const handedOver = once(() => {
        closeSync(outputFd);
        closeSync(frameFd);
      });
      return { reader, outputFd, frameFd, handedOver };
    },
    async openAt(path) {
      renameSync(await take(), path);
      const reader = openReader(path);
      // Without a writer the reader would be at its end.
      const writer = openSync(path, constants.O_WRONLY);
      const handedOver = once(() => {
        closeSync(writer);
        unlinkSync(path);
      });
      return { reader, handedOver };
    },
  };
}

function openReader(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const reader = new Socket({ fd, readable: true, writable: false });
  reader.on('error', () => {});
  return reader.unref();
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with ${code}`));
    });
  });
}
