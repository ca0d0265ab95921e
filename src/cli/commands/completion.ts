// `cloudlet completion`: lets a shell complete commands, options and what they may be.
import { type Command, COMMON_OPTIONS, type OptionSpec, usageError } from '../command.ts';
import { ownEntry } from '../../base/own-entry.ts';

type CommandLoaders = Readonly<Record<string, () => Promise<Command>>>;

const SCRIPTS = {
  bash: `_cloudlet() {
  local IFS=$'\\n'
  COMPREPLY=($(cloudlet completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cloudlet cloudlet`,
  zsh: `#compdef cloudlet
_cloudlet() {
  local -a found
  found=("\${(@f)$(cloudlet completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _cloudlet cloudlet`,
  fish: `complete -c cloudlet -a '(cloudlet completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
} as const;

/** More words than anybody writes before pressing TAB. */
const WORDS_MAX = 1_000;

export function createCompletion(commands: CommandLoaders): Command {
  const completion: Command = {
    name: 'completion',
    usage: 'bash | zsh | fish',
    about: 'print what makes a shell complete cloudlet commands',
    help: `Prints a script; the shell reads it at its start.

  echo 'source <(cloudlet completion bash)' >> ~/.bashrc
  echo 'source <(cloudlet completion zsh)' >> ~/.zshrc        (after compinit)
  cloudlet completion fish > ~/.config/fish/completions/cloudlet.fish`,
    options: {},
    positionals: WORDS_MAX,
    words: () => Object.keys(SCRIPTS),
    async run(args, terminal) {
      const [shell = '', ...words] = args.positionals;
      if (shell === 'words') {
        const found = await complete(commands, words);
        terminal.result(found, found.join('\n'));
        return;
      }
      const script = ownEntry(SCRIPTS as Readonly<Record<string, string>>, shell);
      if (script === undefined) throw usageError(completion, 'which shell: bash, zsh or fish?');
      terminal.result({ shell, script }, script);
    },
  };
  return completion;
}

/** What may stand in place of the last word, after those before it. */
async function complete(commands: CommandLoaders, words: readonly string[]): Promise<string[]> {
  const [name = '', ...rest] = words;
  const partial = words.at(-1) ?? '';
  if (words.length <= 1) return startingWith(partial, [...Object.keys(commands), 'help', 'version']);
  if (name === 'help') return startingWith(partial, Object.keys(commands));
  const loaded = await ownEntry(commands, name)?.();
  if (loaded === undefined) return [];
  const before = rest.slice(0, -1);
  const command = await (loaded.refine?.(before) ?? Promise.resolve(loaded)).catch(() => loaded);
  const options = { ...command.options, ...COMMON_OPTIONS };
  const awaited = valueAwaitedBy(before.at(-1) ?? '', options);
  if (awaited !== undefined) return startingWith(partial, awaited.choices ?? []);
  if (partial.startsWith('-')) return startingWith(partial, Object.keys(options).map((option) => `--${option}`));
  return startingWith(partial, command.words?.(before) ?? []);
}

/** The option whose value comes next. */
function valueAwaitedBy(
  word: string,
  options: Readonly<Record<string, OptionSpec>>,
): OptionSpec | undefined {
  const option = word.startsWith('--') ? ownEntry(options, word.slice(2)) : undefined;
  return option?.type === 'string' && option.valueOptional !== true ? option : undefined;
}

function startingWith(partial: string, words: readonly string[]): string[] {
  return words.filter((word) => word.startsWith(partial)).toSorted();
}
