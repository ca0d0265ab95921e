// Runs commands inside a test, as main.ts does, and keeps what they print.
import { type Command, readArguments } from './command.ts';
import type { Terminal } from './terminal.ts';

export interface CommandOutcome {
  /** What the command's results are for machines, and for people. */
  readonly results: unknown[];
  readonly texts: string[];
  readonly said: string[];
}

/** Rejects with what the command throws. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<CommandOutcome> {
  const outcome: CommandOutcome = { results: [], texts: [], said: [] };
  const terminal: Terminal = {
    json: false,
    say: (line = '') => outcome.said.push(line),
    result(value, text) {
      outcome.results.push(value);
      outcome.texts.push(text);
    },
    progress: () => ({
      update() {},
      done: (what = '') => outcome.said.push(`✓ ${what}`),
      fail: (what = '') => outcome.said.push(`✗ ${what}`),
    }),
    style: (_style, text) => text,
  };
  const refined = command.refine === undefined ? command : await command.refine(argv);
  await refined.run(readArguments(refined, argv), terminal);
  return outcome;
}
