// What people see: lines, progress and errors on a terminal; JSON for machines.
import { styleText } from 'node:util';
import { UserError } from '../base/errors.ts';

type Style = Parameters<typeof styleText>[0];

/** Output of one command. Human text goes to standard error, results to standard output. */
export interface Terminal {
  readonly json: boolean;
  /** A line for people; nothing in JSON mode. */
  say(line?: string): void;
  /** The command's result: printed as it is for people, as JSON for machines. */
  result(value: unknown, text: string): void;
  /** Shows that something is going on until `done`. */
  progress(what: string): Progress;
  style(style: Style, text: string): string;
}

export interface Progress {
  update(what: string): void;
  /** Ends it with a tick and the time it took. */
  done(what?: string): void;
  fail(what?: string): void;
}

/** Shows nothing: for deployments inside tests. */
export const silentTerminal: Terminal = {
  json: true,
  say() {},
  result() {},
  progress: () => ({ update() {}, done() {}, fail() {} }),
  style: (_format, text) => text,
};

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;

export function createTerminal(options: { readonly json: boolean }): Terminal {
  const { json } = options;
  const colors = process.stderr.isTTY && process.env['NO_COLOR'] === undefined;
  const style = (format: Style, text: string): string => (colors ? styleText(format, text) : text);
  const say = (line = ''): void => {
    if (!json) process.stderr.write(`${line}\n`);
  };
  return {
    json,
    say,
    style,
    result(value, text) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else if (text !== '') process.stdout.write(`${text}\n`);
    },
    progress: (what) => createProgress(what, { quiet: json, style, say }),
  };
}

function createProgress(
  first: string,
  { quiet, style, say }: { quiet: boolean; style: Terminal['style']; say: Terminal['say'] },
): Progress {
  const startedMs = performance.now();
  let what = first;
  let frame = 0;
  const live = !quiet && process.stderr.isTTY;
  const paint = (): void => {
    frame = (frame + 1) % FRAMES.length;
    process.stderr.write(`\r\u001B[2K${style('cyan', FRAMES[frame] ?? '')} ${what}`);
  };
  const timer = live ? setInterval(paint, FRAME_MS) : undefined;
  timer?.unref();
  const finish = (mark: string, text: string): void => {
    clearInterval(timer);
    if (live) process.stderr.write('\r\u001B[2K');
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    say(`${mark} ${text} ${style('dim', `${seconds} s`)}`);
  };
  return {
    update(next) {
      what = next;
    },
    done: (text = what) => finish(style('green', '✓'), text),
    fail: (text = what) => finish(style('red', '✗'), text),
  };
}

/** Prints an error as one clear paragraph: what, where, how to fix it. */
export function printError(error: unknown, json: boolean): void {
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: describeError(error) })}\n`);
    return;
  }
  const { code, message, where, fix, stack } = describeError(error);
  process.stderr.write(stack === undefined ? `error: ${message} (${code})\n` : `error: ${stack}\n`);
  if (where !== undefined) process.stderr.write(`  where: ${where}\n`);
  if (fix !== undefined) process.stderr.write(`  fix: ${fix}\n`);
}

interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly where?: string | undefined;
  readonly fix?: string | undefined;
  /** Only of what is our bug: nobody else can do anything with it. */
  readonly stack?: string | undefined;
}

function describeError(error: unknown): ErrorDescription {
  if (error instanceof UserError) {
    return { code: error.code, message: error.message, where: error.where, fix: error.fix };
  }
  if (!(error instanceof Error)) return { code: 'ERR_INTERNAL', message: String(error) };
  if (isUnreachable(error)) {
    return {
      code: 'ERR_NO_CLOUD',
      message: 'the cloud went away',
      fix: 'start it again with `cloudlet start` or `cloudlet dev`',
    };
  }
  // What a service answered: AWS's code and message say all there is to say.
  if ('$metadata' in error) return { code: error.name, message: error.message };
  return { code: 'ERR_INTERNAL', message: error.message, stack: error.stack };
}

/** Whether nobody answered, as Node and the SDK tell it. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || isUnreachable(error.cause);
}
