// A project in development: what is deployed now, and how an edit brings the cloud in line with it.
import { LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { UserError } from '../../base/errors.ts';
import type { Connection } from '../connection.ts';
import { type Terminal, printError } from '../terminal.ts';
import type { ArtifactBuilder } from './artifact-builder.ts';
import { createBuilder } from './build-artifact.ts';
import { checkSyntax } from './check-syntax.ts';
import { type Deployed, deployProject } from './deploy-project.ts';
import { type Project, openProject } from './project.ts';
import { targetOf } from './target.ts';
import { hasVersions } from './versioned-functions.ts';
import type { Archive } from './zip-folder.ts';

export interface SessionParts {
  readonly place: string;
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Logical ids of functions that somebody will debug. */
  readonly debugged: ReadonlySet<string>;
  readonly connection: Connection;
  readonly terminal: Terminal;
}

export interface Session {
  /** Builds and deploys all of it. What was deployed before stays when this fails. */
  deploy(): Promise<{ readonly project: Project; readonly deployed: Deployed }>;
  /** Brings the cloud in line after these files changed; errors are shown, not thrown. */
  follow(paths: readonly string[]): Promise<void>;
  /** Folders whose files matter. */
  folders(): readonly string[];
  /** The logical id of a function of this stack by its real name. */
  logicalIdOf(functionName: string): string | undefined;
  close(): Promise<void>;
}

export function createSession(parts: SessionParts): Session {
  const { connection, terminal, stackName } = parts;
  const target = targetOf(connection);
  const lambda = new LambdaClient(connection.clientSettings);
  let current: Project | undefined;
  let builders: readonly ArtifactBuilder[] = [];
  /** Real names of the stack's resources, by logical id. */
  let physicalIds = new Map<string, string>();
  const live = new Map<string, string>();

  async function deploy(): Promise<{ project: Project; deployed: Deployed }> {
    const project = await openProject(parts.place);
    const made: ArtifactBuilder[] = [];
    try {
      for (const artifact of project.artifacts) {
        made.push(await createBuilder(project, artifact, { debug: parts.debugged.has(artifact.logicalId) }));
      }
      const request = { project, builders: made, stackName, parameters: parts.parameters };
      const deployed = await deployProject(request, target, terminal);
      for (const [logicalId, archive] of deployed.archives) live.set(logicalId, archive.sha256);
      const before = builders;
      [current, builders] = [project, made];
      await Promise.all(before.map((builder) => builder.dispose()));
      physicalIds = await listPhysicalIds();
      return { project, deployed };
    } catch (error) {
      if (builders !== made) await Promise.all(made.map((builder) => builder.dispose()));
      throw error;
    }
  }

  async function listPhysicalIds(): Promise<Map<string, string>> {
    const input = { StackName: stackName };
    const { StackResources = [] } = await target.cloudFormation.send(new DescribeStackResourcesCommand(input));
    return new Map(
      StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [LogicalResourceId, PhysicalResourceId]),
    );
  }

  /** Rebuilds what the paths belong to and hands over what came out different, past the stack. */
  async function updateFunctions(project: Project, paths: readonly string[]): Promise<void> {
    const startedMs = performance.now();
    const touched = builders.filter((builder) => paths.some((path) => builder.dependsOn(path)));
    const outcomes = await Promise.allSettled(touched.map((builder) => rebuild(builder, paths)));
    const changed = outcomes
      .filter((outcome) => outcome.status === 'fulfilled')
      .map((outcome) => outcome.value)
      .filter(({ builder, archive }) => live.get(builder.artifact.logicalId) !== archive.sha256);
    for (const outcome of outcomes) if (outcome.status === 'rejected') show(outcome.reason);
    const direct = changed.filter(({ builder }) => canBeSwapped(project, builder));
    for (const { builder, archive } of direct) {
      await swap(builder.artifact.logicalId, archive);
      announceLive(builder.artifact.logicalId, performance.now() - startedMs);
    }
    // Layers, definitions and published versions are new resources: the stack makes them.
    if (direct.length < changed.length) await deploy();
  }

  async function rebuild(
    builder: ArtifactBuilder,
    paths: readonly string[],
  ): Promise<{ builder: ArtifactBuilder; archive: Archive }> {
    if (!builder.isCompiled) await checkSyntax(paths.filter((path) => builder.dependsOn(path)));
    return { builder, archive: await builder.build() };
  }

  function canBeSwapped(project: Project, { artifact }: ArtifactBuilder): boolean {
    return artifact.kind === 'function' && !hasVersions(project.content, artifact.logicalId);
  }

  async function swap(logicalId: string, archive: Archive): Promise<void> {
    const FunctionName = physicalIds.get(logicalId);
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: archive.bytes }));
    live.set(logicalId, archive.sha256);
  }

  function announceLive(logicalId: string, tookMs: number): void {
    const rounded = Math.round(tookMs);
    const mark = terminal.style('green', '✓');
    terminal.result({ event: 'live', logicalId, tookMs: rounded }, `${mark} ${logicalId} is live (${rounded} ms)`);
  }

  /** What ran before goes on running; the next edit tries again. */
  function show(error: unknown): void {
    printError(error instanceof UserError ? error : new UserError('ERR_DEV', String(error)), terminal.json);
  }

  return {
    deploy,
    async follow(paths) {
      try {
        // Nothing is deployed yet: whatever was edited may be what the deployment lacked.
        if (current === undefined || paths.includes(current.templatePath)) await deploy();
        else await updateFunctions(current, paths);
      } catch (error) {
        show(error);
      }
    },
    folders() {
      if (current === undefined) return [];
      const read = builders.flatMap((builder) => builder.folders());
      return [current.folder, ...read.filter((folder) => !folder.includes('/node_modules'))];
    },
    logicalIdOf: (functionName) => [...physicalIds].find(([, physicalId]) => physicalId === functionName)?.[0],
    async close() {
      await Promise.all(builders.map((builder) => builder.dispose()));
    },
  };
}
