// `cloudlet dev`: a cloud with this project on it, which follows every edit.
import { UserError } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { type Connection, connectTo } from '../connection.ts';
import { type DebugTarget, chooseDebugTargets, launchConfigurations } from '../project/debug-targets.ts';
import type { Deployed } from '../project/deploy-project.ts';
import { type Session, createSession } from '../project/dev-session.ts';
import { readOutputs, readTryLines } from '../project/outputs.ts';
import { type Project, openProject } from '../project/project.ts';
import { type FolderWatcher, watchFolders } from '../project/watch-folder.ts';
import { CLOUD_OPTIONS, runCloud } from '../run-cloud.ts';
import { type Terminal, printError } from '../terminal.ts';
import { PROJECT_OPTIONS, readParameters } from './deploy.ts';

const REGION = 'us-east-1';

export const dev: Command = {
  name: 'dev',
  usage: '[DIR]',
  about: 'start a cloud, deploy this folder, follow every edit',
  help: `Starts a cloud, builds and deploys the template of the folder, and watches it. An edit of a handler is
live at once, state stays; an edit of the template or a layer updates the stack by a change set. What
does not compile is shown, and the code before goes on running. Ctrl-C stops everything.

  cloudlet dev
  cloudlet dev examples/user-service --port 0 --ephemeral

Debugging: every function at a port of its own, or those that are named; their time limits are suspended.
Node.js functions take any inspector client, Python functions debugpy (pip install debugpy). With
--inspect-brk a function waits for the debugger before its code is loaded.

  cloudlet dev --inspect
  cloudlet dev --inspect=Checkout:9300 --inspect=Worker`,
  options: {
    ...CLOUD_OPTIONS,
    ...PROJECT_OPTIONS,
    inspect: {
      type: 'string',
      value: 'FUNCTION[:PORT]',
      about: 'take debuggers; may be repeated',
      multiple: true,
      valueOptional: true,
    },
    'inspect-brk': { type: 'boolean', about: 'with --inspect: wait for the debugger' },
  },
  positionals: 1,
  async run(args, terminal) {
    const place = args.positionals[0] ?? '.';
    const project = await openProject(place);
    const wait = args.flag('inspect-brk');
    const wishes = args.list('inspect');
    const targets = chooseDebugTargets(project, wait && wishes.length === 0 ? [''] : wishes);
    let session: Session | undefined;
    const { cloud, stopped } = await runCloud(args, terminal, {
      debug(functionName) {
        const logicalId = session?.logicalIdOf(functionName);
        const target = targets.find((each) => each.logicalId === logicalId);
        return target === undefined ? undefined : { port: target.port, wait };
      },
    });
    const connection = connectTo(cloud.endpoint, REGION);
    terminal.say(`Cloudlet is running at ${cloud.endpoint}`);
    session = createSession({
      place,
      stackName: args.text('stack') ?? project.stackName,
      parameters: readParameters(args),
      debugged: new Set(targets.map(({ logicalId }) => logicalId)),
      connection,
      terminal,
    });
    const watcher = watchProject(session, {
      project,
      connection,
      terminal,
      targets,
      isSandboxed: cloud.isolation?.driver === 'sandbox',
    });
    try {
      await watcher.begin();
      await stopped;
    } catch (error) {
      await cloud.close();
      throw error;
    } finally {
      watcher.close();
      await session.close();
    }
  },
};

interface Development {
  readonly project: Project;
  readonly connection: Connection;
  readonly terminal: Terminal;
  readonly targets: readonly DebugTarget[];
  /** Functions see their code at /var/task. */
  readonly isSandboxed: boolean;
}

/** Deploys, announces the first deployment that works, and follows edits from then on, or until then. */
function watchProject(
  session: Session,
  development: Development,
): { begin(): Promise<void>; close(): void } {
  const { project, terminal } = development;
  let isAnnounced = false;
  let starting = Promise.resolve();
  const watcher: FolderWatcher = watchFolders(async (paths) => {
    // What is edited while the first deployment runs comes after it.
    await starting.catch(() => {});
    if (isAnnounced) await session.follow(paths);
    else await deployFirst();
    for (const folder of session.folders()) watcher.add(folder);
  });

  async function deployFirst(): Promise<void> {
    try {
      const { project: deployedProject, deployed } = await session.deploy();
      isAnnounced = true;
      announce(deployed, { ...development, project: deployedProject });
      for (const folder of session.folders()) watcher.add(folder);
    } catch (error) {
      // A mistake in the project is corrected in the editor; all else ends the command.
      if (!(error instanceof UserError)) throw error;
      printError(error, terminal.json);
      terminal.say('watching for edits; the next one tries again');
    }
  }

  return {
    async begin() {
      watcher.add(project.folder);
      starting = deployFirst();
      await starting;
    },
    close: () => watcher.close(),
  };
}

function announce({ stack }: Deployed, development: Development): void {
  const { project, connection, terminal, targets } = development;
  const { endpoint } = connection;
  const outputs = readOutputs(stack, endpoint);
  const tryLines = readTryLines(project, outputs, endpoint);
  const launch = launchConfigurations(project, targets);
  const width = Math.max(0, ...outputs.map(({ name }) => name.length));
  const lines = [
    '',
    ...outputs.map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`),
    '',
    'Try:',
    ...tryLines.map((line) => `  ${line}`),
    `  aws --endpoint-url ${endpoint} cloudformation describe-stacks`,
    '',
    ...describeDebugging(development, launch),
    'Watching for edits. Ctrl-C stops everything; the next start finds the data again.',
  ];
  terminal.result(
    {
      event: 'ready',
      endpoint,
      stack: stack.StackName,
      outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, value])),
      try: tryLines,
      ...(targets.length === 0 ? {} : { debug: targets, launch }),
    },
    lines.join('\n'),
  );
}

function describeDebugging({ targets, isSandboxed }: Development, launch: readonly unknown[]): string[] {
  if (targets.length === 0) return [];
  return [
    'Debuggers, once the function was invoked:',
    ...targets.map(({ logicalId, kind, port }) => `  ${logicalId}  127.0.0.1:${port} (${kind})`),
    '',
    '.vscode/launch.json:',
    JSON.stringify({ version: '0.2.0', configurations: launch }, null, 2),
    '',
    ...(isSandboxed ? [] : ['Without the sandbox code lies where LAMBDA_TASK_ROOT says: put that in place of /var/task.', '']),
  ];
}
