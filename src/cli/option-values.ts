// Reads options that are not plain text: numbers in bounds, lists of them, choices.
import { UserError } from '../base/errors.ts';
import type { Arguments } from './command.ts';

export interface Bounds {
  readonly min?: number;
  readonly max: number;
}

/** A whole number. Throws ERR_USAGE. */
export function readNumber(args: Arguments, name: string, { min = 0, max }: Bounds): number {
  const text = args.text(name) ?? '';
  const value = parseWhole(text, { min, max });
  if (value !== undefined) return value;
  throw new UserError('ERR_USAGE', `--${name} is not a number from ${min} to ${max}: ${JSON.stringify(text)}`, {
    fix: `write it like --${name} ${Math.max(min, Math.min(max, 10))}`,
  });
}

/** `128,256,512`: whole numbers, each once, in order. Throws ERR_USAGE. */
export function readNumbers(args: Arguments, name: string, { min = 0, max }: Bounds): number[] {
  const parts = (args.text(name) ?? '').split(',').map((part) => part.trim());
  const values = parts.map((part) => parseWhole(part, { min, max }));
  const wrong = values.indexOf(undefined);
  if (wrong >= 0) {
    const text = JSON.stringify(parts[wrong] ?? '');
    throw new UserError('ERR_USAGE', `--${name} holds ${text}, which is not a number from ${min} to ${max}`, {
      fix: `write it like --${name} ${min},${Math.min(max, min * 2)}`,
    });
  }
  const numbers = values.filter((value) => value !== undefined);
  return [...new Set(numbers)].toSorted((a, b) => a - b);
}

/** One of the choices. Throws ERR_USAGE. */
export function readChoice<T extends string>(args: Arguments, name: string, choices: readonly T[]): T {
  const text = args.text(name);
  const chosen = choices.find((choice) => choice === text);
  if (chosen !== undefined) return chosen;
  throw new UserError('ERR_USAGE', `--${name} is ${JSON.stringify(text)}, which is none of its choices`, {
    fix: `write one of ${choices.map((choice) => `--${name} ${choice}`).join(', ')}`,
  });
}

function parseWhole(text: string, { min = 0, max }: Bounds): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
}
