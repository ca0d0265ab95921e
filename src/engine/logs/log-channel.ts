// Pipes that carry what runtimes write: one named pipe per process for stdout, stderr and framed logs.
import { spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs';
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

export interface LogChannels {
  open(): Promise<LogChannel>;
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

  return {
    async open() {
      let path = spare.pop();
      while (path === undefined) {
        await (making ??= makeMore().finally(() => (making = undefined)));
        path = spare.pop();
      }
      const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const outputFd = openSync(path, constants.O_WRONLY);
      const frameFd = openSync(path, constants.O_WRONLY);
      unlinkSync(path);
      const reader = new Socket({ fd: readFd, readable: true, writable: false });
      reader.on('error', () => {});
      reader.unref();
      let closed = false;
      return {
        reader,
        outputFd,
        frameFd,
        handedOver() {
          if (closed) return;
          closed = true;
          closeSync(outputFd);
          closeSync(frameFd);
        },
      };
    },
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
