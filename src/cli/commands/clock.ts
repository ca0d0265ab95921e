// `cloudlet clock`: shows the cloud's time; `cloudlet clock advance 6h` moves it.
import { UserError } from '../../base/errors.ts';
import { parseDuration } from '../../base/duration.ts';
import { type Command, REMOTE_OPTIONS, usageError } from '../command.ts';
import { type Connection, connect } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

export const clock: Command = {
  name: 'clock',
  usage: '[advance DURATION]',
  about: 'show the cloud’s time, or move a virtual clock',
  help: `Without arguments: the cloud's time. With \`advance\`: moves a virtual clock, runs everything that
falls due in order (retries, schedules, expiries, delays), and returns when all is quiet.

  cloudlet clock
  cloudlet clock advance 90s
  cloudlet clock advance PT6H`,
  options: REMOTE_OPTIONS,
  positionals: 2,
  async run(args, terminal) {
    const [action, duration] = args.positionals;
    if (action === undefined) {
      const state = await (await connect(args)).control('clock');
      terminal.result(state, `${String(state['now'])} (${String(state['kind'])} clock)`);
      return;
    }
    if (action !== 'advance' || duration === undefined) {
      throw usageError(clock, `expected \`advance DURATION\`, got \`${args.positionals.join(' ')}\``);
    }
    parseDuration(duration);
    await advance(await connect(args), duration, terminal);
  },
};

async function advance(connection: Connection, duration: string, terminal: Terminal): Promise<void> {
  const progress = terminal.progress(`advancing the clock by ${duration}`);
  try {
    const report = await connection.control('clock', { advance: duration });
    const fired = report['fired'] as readonly { at: string; timer: string }[];
    progress.done(`the clock stands at ${String(report['now'])}`);
    const lines = fired.map(({ at, timer }) => `  ${at}  ${timer}`);
    terminal.result(report, fired.length === 0 ? 'nothing was due' : lines.join('\n'));
  } catch (error) {
    progress.fail();
    throw error instanceof UserError ? error : new UserError('ERR_CLOCK', String(error), { cause: error });
  }
}
