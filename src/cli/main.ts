// The command line: finds the command, runs it, turns errors into one clear message and an exit code.
import { UserError } from '../base/errors.ts';
import { ownEntry } from '../base/own-entry.ts';
import { VERSION } from '../server/version.ts';
import { type Command, describeCommand, readArguments } from './command.ts';
import { didYouMean } from './nearest.ts';
import { createTerminal, isUnreachable, printError } from './terminal.ts';

/** Each loads on its own: `start` must not wait for the SDK clients that `deploy` needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/start.ts')).start,
  dev: async () => (await import('./commands/dev.ts')).dev,
  deploy: async () => (await import('./commands/deploy.ts')).deploy,
  invoke: async () => (await import('./commands/invoke.ts')).invoke,
  'generate-event': async () => (await import('./commands/generate-event.ts')).generateEvent,
  logs: async () => (await import('./commands/logs.ts')).logs,
  cost: async () => (await import('./commands/cost.ts')).cost,
  tune: async () => (await import('./commands/tune.ts')).tune,
  status: async () => (await import('./commands/status.ts')).status,
  clock: async () => (await import('./commands/clock.ts')).clock,
  runtimes: async () => (await import('./commands/runtimes.ts')).runtimes,
  stop: async () => (await import('./commands/stop.ts')).stop,
  completion: async () => (await import('./commands/completion.ts')).createCompletion(COMMANDS),
};

/** How the overview shows them. */
const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['Clouds', ['dev', 'start', 'stop', 'status', 'clock']],
  ['Projects', ['deploy']],
  ['Functions', ['invoke', 'generate-event', 'logs', 'tune', 'cost', 'runtimes']],
];

/** Exit codes: they are part of the interface. */
const EXIT = { failed: 1, usage: 2, noCloud: 3 } as const;

async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const [topic, ...form] = rest;
    process.stdout.write(`${topic === undefined ? await overview() : describeCommand(await findCommand(topic, form))}\n`);
    return;
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  const command = await findCommand(name, rest);
  const args = readArguments(command, rest);
  if (args.flag('help')) {
    process.stdout.write(`${describeCommand(command)}\n`);
    return;
  }
  await command.run(args, createTerminal({ json: args.flag('json') }));
}

async function findCommand(name: string, argv: readonly string[]): Promise<Command> {
  const command = await ownEntry(COMMANDS, name)?.();
  if (command === undefined) {
    const names = Object.keys(COMMANDS);
    throw new UserError('ERR_USAGE', `there is no command ${JSON.stringify(name)}${didYouMean(name, names)}`, {
      fix: `use one of: ${names.join(', ')}; cloudlet --help explains`,
    });
  }
  return command.refine === undefined ? command : command.refine(argv);
}

async function overview(): Promise<string> {
  const grouped = new Set(GROUPS.flatMap(([, names]) => names));
  const others = Object.keys(COMMANDS).filter((name) => !grouped.has(name));
  const sections = await Promise.all(
    [...GROUPS, ['More', others] as const].map(async ([title, names]) => {
      const commands = await Promise.all(names.map((name) => findCommand(name, [])));
      return [`${title}:`, ...commands.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`)].join('\n');
    }),
  );
  return `Cloudlet ${VERSION}: an open serverless platform that speaks AWS's wire protocols.

Usage: cloudlet COMMAND [OPTIONS]

${sections.join('\n\n')}

cloudlet COMMAND --help explains a command, with examples. Every command takes --json.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no cloud is running, 130 interrupted.

A first step: cloudlet dev   (in a folder with a SAM or CloudFormation template)`;
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof UserError)) return isUnreachable(error) ? EXIT.noCloud : EXIT.failed;
  if (error.code === 'ERR_USAGE' || error.code === 'ERR_DURATION') return EXIT.usage;
  return error.code === 'ERR_NO_CLOUD' ? EXIT.noCloud : EXIT.failed;
}

// A reader that has seen enough (`cloudlet … | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// The bundled SDK clients warn of Node versions to come; that is ours to heed, not the user's.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const argv = process.argv.slice(2);
main(argv).catch((error: unknown) => {
  printError(error, argv.includes('--json'));
  process.exitCode = exitCodeOf(error);
});
