// `cloudlet dev`: a cloud with this project on it, which follows every edit.
import { LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { UserError } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { type Connection, connectTo } from '../connection.ts';
import { type ArtifactBuilder, createBuilder } from '../project/build-artifact.ts';
import { type Deployed, deployProject } from '../project/deploy-project.ts';
import { readOutputs, readTryLines } from '../project/outputs.ts';
import { type Project, openProject } from '../project/project.ts';
import { targetOf } from '../project/target.ts';
import { watchFolder } from '../project/watch-folder.ts';
import { CLOUD_OPTIONS, runCloud } from '../run-cloud.ts';
import { type Terminal, printError } from '../terminal.ts';
import { PROJECT_OPTIONS, readParameters } from './deploy.ts';

const REGION = 'us-east-1';

export const dev: Command = {
  name: 'dev',
  usage: '[DIR]',
  about: 'start a cloud, deploy this folder, follow every edit',
  help: `Starts a cloud, builds and deploys the template of the folder, and watches it: an edit of a
handler is live at once, an edit of the template updates the stack. Ctrl-C stops everything.

  cloudlet dev
  cloudlet dev examples/user-service --port 0 --ephemeral`,
  options: { ...CLOUD_OPTIONS, ...PROJECT_OPTIONS },
  positionals: 1,
  async run(args, terminal) {
    const place = args.positionals[0] ?? '.';
    const stackName = args.text('stack') ?? (await openProject(place)).stackName;
    const { cloud, stopped } = await runCloud(args, terminal);
    const connection = connectTo(cloud.endpoint, REGION);
    terminal.say(`Cloudlet is running at ${cloud.endpoint}`);
    const session = createSession({ place, stackName, parameters: readParameters(args), connection, terminal });
    try {
      const { project, deployed } = await session.deploy();
      announce(project, deployed, { connection, terminal });
      const watcher = watchFolder(project.folder, (paths) => session.follow(paths));
      await stopped;
      watcher.close();
    } catch (error) {
      await cloud.close();
      throw error;
    } finally {
      await session.close();
    }
  },
};

interface SessionParts {
  readonly place: string;
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly connection: Connection;
  readonly terminal: Terminal;
}

interface Session {
  deploy(): Promise<{ project: Project; deployed: Deployed }>;
  /** Brings the cloud in line after these files changed; errors are shown, not thrown. */
  follow(paths: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What is deployed now, and how to bring it up to date. */
function createSession(parts: SessionParts): Session {
  const { connection, terminal, stackName } = parts;
  const target = targetOf(connection);
  const lambda = new LambdaClient(connection.clientSettings);
  let builders: ArtifactBuilder[] = [];
  let templatePath = '';
  const live = new Map<string, string>();

  async function deploy(): Promise<{ project: Project; deployed: Deployed }> {
    const project = await openProject(parts.place);
    await Promise.all(builders.map((builder) => builder.dispose()));
    builders = await Promise.all(project.artifacts.map((artifact) => createBuilder(project, artifact)));
    templatePath = project.templatePath;
    const request = { project, builders, stackName, parameters: parts.parameters };
    const deployed = await deployProject(request, target, terminal);
    for (const [logicalId, archive] of deployed.archives) live.set(logicalId, archive.sha256);
    return { project, deployed };
  }

  /** Rebuilds what the paths belong to and hands over what came out different, past the stack. */
  async function updateFunctions(paths: readonly string[]): Promise<void> {
    const startedMs = performance.now();
    const touched = builders.filter(({ source }) =>
      paths.some((path) => path === source || path.startsWith(`${source}/`)),
    );
    const built = await Promise.all(
      touched.map(async (builder) => ({ ...builder.artifact, archive: await builder.build() })),
    );
    const changed = built.filter(({ logicalId, archive }) => live.get(logicalId) !== archive.sha256);
    if (changed.some(({ kind }) => kind !== 'function')) {
      await deploy();
      return;
    }
    await Promise.all(
      changed.map(async ({ logicalId, archive }) => {
        await lambda.send(
          new UpdateFunctionCodeCommand({ FunctionName: await physicalId(logicalId), ZipFile: archive.bytes }),
        );
        live.set(logicalId, archive.sha256);
        const tookMs = Math.round(performance.now() - startedMs);
        const mark = terminal.style('green', '✓');
        terminal.result({ event: 'live', logicalId, tookMs }, `${mark} ${logicalId} is live (${tookMs} ms)`);
      }),
    );
  }

  async function physicalId(logicalId: string): Promise<string | undefined> {
    const input = { StackName: stackName, LogicalResourceId: logicalId };
    const { StackResources = [] } = await target.cloudFormation.send(new DescribeStackResourcesCommand(input));
    return StackResources[0]?.PhysicalResourceId;
  }

  return {
    deploy,
    async follow(paths) {
      try {
        if (paths.includes(templatePath)) await deploy();
        else await updateFunctions(paths);
      } catch (error) {
        // What ran before goes on running; the next edit tries again.
        printError(error instanceof UserError ? error : new UserError('ERR_DEV', String(error)), terminal.json);
      }
    },
    async close() {
      await Promise.all(builders.map((builder) => builder.dispose()));
    },
  };
}

function announce(
  project: Project,
  { stack }: Deployed,
  { connection, terminal }: { connection: Connection; terminal: Terminal },
): void {
  const { endpoint } = connection;
  const outputs = readOutputs(stack, endpoint);
  const tryLines = readTryLines(project, outputs, endpoint);
  const width = Math.max(0, ...outputs.map(({ name }) => name.length));
  const lines = [
    '',
    ...outputs.map(({ name, value }) => `  ${name.padEnd(width)}  ${value}`),
    '',
    'Try:',
    ...tryLines.map((line) => `  ${line}`),
    `  aws --endpoint-url ${endpoint} cloudformation describe-stacks`,
    '',
    'Watching for edits. Ctrl-C stops everything; the next start finds the data again.',
  ];
  terminal.result(
    {
      event: 'ready',
      endpoint,
      stack: stack.StackName,
      outputs: Object.fromEntries(outputs.map(({ name, value }) => [name, value])),
      try: tryLines,
    },
    lines.join('\n'),
  );
}
