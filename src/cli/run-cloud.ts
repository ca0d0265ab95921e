// Starts a cloud in this process for `start` and `dev`, and ends it cleanly on signals.
import { createConsoleLog } from '../platform/console-log.ts';
import { type Cloud, type CloudOptions, openCloud } from '../server/cloud.ts';
import type { Arguments, OptionSpec } from './command.ts';
import { DEFAULT_DATA_DIRECTORY, DEFAULT_PORT } from './connection.ts';
import { readChoice, readNumber } from './option-values.ts';
import type { Terminal } from './terminal.ts';

export const CLOUD_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  port: { type: 'string', value: 'PORT', about: 'where to listen; 0 takes a free port', default: String(DEFAULT_PORT) },
  host: { type: 'string', value: 'HOST', about: 'address to listen on', default: '127.0.0.1' },
  data: { type: 'string', value: 'DIR', about: 'where state is kept', default: DEFAULT_DATA_DIRECTORY },
  ephemeral: { type: 'boolean', about: 'keep nothing: state lives in memory' },
  clock: { type: 'string', value: 'KIND', about: 'system, or virtual: time passes only by `cloudlet clock advance`', default: 'system' },
  isolation: { type: 'string', value: 'KIND', about: 'auto, process or sandbox: how functions are kept apart', default: 'auto' },
  'function-network': { type: 'string', value: 'KIND', about: 'cloud: functions reach nothing but this cloud (sandbox only); or open', default: 'open' },
  offline: { type: 'boolean', about: 'fetch no runtimes: functions run on what this machine has' },
  'allow-deprecated-runtimes': { type: 'boolean', about: 'take functions with runtimes that AWS refuses by now' },
  'throttle-tables': { type: 'boolean', about: 'refuse what exceeds the capacity of a DynamoDB table, as AWS does' },
  'read-lag': { type: 'string', value: 'MS', about: 'DynamoDB reads that ask for no consistency may see what was so long ago', default: '0' },
  seed: { type: 'string', value: 'NUMBER', about: 'make ids and faults the same in every run' },
};

/** AWS: replicas agree within a second; a minute is more than any test wants. */
const READ_LAG_MAX_MS = 60_000;

export interface RunningCloud {
  readonly cloud: Cloud;
  /** Resolves when the cloud was asked to stop and everything has ended. */
  readonly stopped: Promise<void>;
}

export async function runCloud(
  args: Arguments,
  terminal: Terminal,
  more: Pick<CloudOptions, 'debug'> = {},
): Promise<RunningCloud> {
  let requestStop = (): void => {};
  const stopRequested = new Promise<void>((resolve) => {
    requestStop = resolve;
  });
  const cloud = await openCloud({
    ...readCloudOptions(args),
    ...more,
    log: createConsoleLog(terminal.json ? 'json' : 'text'),
    onStopRequest: () => requestStop(),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      requestStop();
      // A second signal does not wait for functions that are still running.
      process.once(signal, () => process.exit(130));
    });
  }
  async function stopWhenAsked(): Promise<void> {
    await stopRequested;
    terminal.say('stopping…');
    await cloud.close();
  }
  return { cloud, stopped: stopWhenAsked() };
}

function readCloudOptions(args: Arguments): CloudOptions {
  const seed = args.text('seed');
  return {
    host: args.text('host') ?? '127.0.0.1',
    port: readNumber(args, 'port', { max: 65_535 }),
    clock: readChoice(args, 'clock', ['system', 'virtual']),
    fetchRuntimes: !args.flag('offline'),
    allowDeprecatedRuntimes: args.flag('allow-deprecated-runtimes'),
    settings: {
      dynamodb: {
        throttles: args.flag('throttle-tables'),
        readLagMs: readNumber(args, 'read-lag', { max: READ_LAG_MAX_MS }),
      },
    },
    isolation: readChoice(args, 'isolation', ['auto', 'process', 'sandbox']),
    functionNetwork: readChoice(args, 'function-network', ['cloud', 'open']),
    ...(args.flag('ephemeral') ? {} : { dataDirectory: args.text('data') ?? DEFAULT_DATA_DIRECTORY }),
    ...(seed === undefined ? {} : { seed: readNumber(args, 'seed', { max: 0xffffffff }) }),
  };
}
