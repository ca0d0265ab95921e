// How a command is declared, and how its arguments are read.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UserError } from '../base/errors.ts';
import { didYouMean } from './nearest.ts';
import type { Terminal } from './terminal.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** Shown in the help, e.g. `DIR`. */
  readonly value?: string;
  readonly about: string;
  readonly default?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** `--name` alone is `--name=`: a value needs the equals sign. */
  readonly valueOptional?: boolean;
  /** What a value may be, for the shell's completion. */
  readonly choices?: readonly string[];
}

export interface Command {
  readonly name: string;
  /** After the name in the usage line, e.g. `[DIR]`. */
  readonly usage: string;
  /** One line for the overview. */
  readonly about: string;
  /** More for `--help`: what it does, examples. */
  readonly help: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Most positional arguments. */
  readonly positionals: number;
  /** The command that these arguments mean, where it has forms of its own. Throws ERR_USAGE. */
  refine?(argv: readonly string[]): Promise<Command>;
  /** What the next positional argument may be, for the shell's completion. */
  words?(argv: readonly string[]): readonly string[];
  run(args: Arguments, terminal: Terminal): Promise<void>;
}

export interface Arguments {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** Every value of a repeatable option. */
  list(name: string): readonly string[];
}

/** Options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: 'boolean', about: 'print JSON for machines' },
  help: { type: 'boolean', about: 'explain the command' },
};

/** Options of commands that talk to a running cloud. */
export const REMOTE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  endpoint: { type: 'string', value: 'URL', about: 'the cloud to talk to (default: the one running here)' },
  region: { type: 'string', value: 'REGION', about: 'region', default: 'us-east-1' },
};

/** Reads the arguments after the command's name. Throws ERR_USAGE. */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const specs = { ...command.options, ...COMMON_OPTIONS };
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(specs).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  );
  const args = argv.map((arg) => (isBareOption(arg, specs) ? `${arg}=` : arg));
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(command, describeParseError(error, Object.keys(specs)));
  }
  const { values, positionals } = parsed;
  const extra = positionals[command.positionals];
  if (extra !== undefined) throw usageError(command, `unexpected argument: ${extra}`);
  return {
    positionals,
    text(name) {
      const value = values[name] ?? specs[name]?.default;
      return typeof value === 'string' ? value : undefined;
    },
    flag: (name) => values[name] === true,
    list(name) {
      const value = values[name];
      return Array.isArray(value) ? value.map(String) : [];
    },
  };
}

function isBareOption(arg: string, specs: Readonly<Record<string, OptionSpec>>): boolean {
  if (!arg.startsWith('--') || !Object.hasOwn(specs, arg.slice(2))) return false;
  return specs[arg.slice(2)]?.valueOptional === true;
}

/** Node's own words end in advice about `--` that helps nobody here. */
function describeParseError(error: unknown, names: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, unknown] = /^Unknown option '(-+[^']+)'/.exec(message) ?? [];
  if (unknown === undefined) return message;
  return `there is no option ${unknown}${didYouMean(unknown, names.map((name) => `--${name}`))}`;
}

export function usageError(command: Command, message: string): UserError {
  const usage = `${command.name} ${command.usage}`.trim();
  return new UserError('ERR_USAGE', message, {
    where: `cloudlet ${command.name}`,
    fix: `usage: cloudlet ${usage} (cloudlet ${command.name} --help explains)`,
  });
}

/** The text of `cloudlet NAME --help`. */
export function describeCommand(command: Command): string {
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, spec]) => {
    const left = `--${name}${describeValue(spec)}`;
    const fallback = spec.default === undefined ? '' : ` (default ${spec.default})`;
    return `  ${left.padEnd(24)} ${spec.about}${fallback}`;
  });
  return `cloudlet ${`${command.name} ${command.usage}`.trim()}\n\n${command.help}\n\nOptions:\n${rows.join('\n')}`;
}

function describeValue({ value, valueOptional = false }: OptionSpec): string {
  if (value === undefined) return '';
  return valueOptional ? `[=${value}]` : ` ${value}`;
}
