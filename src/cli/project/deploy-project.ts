// Builds a project, uploads what it needs and makes its stack, showing what happens.
import {
  type CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../base/errors.ts';
import { type ArtifactLocation, replaceLocalArtifacts } from '../../deploy/local-artifacts.ts';
import type { Progress, Terminal } from '../terminal.ts';
import type { ArtifactBuilder } from './artifact-builder.ts';
import { type PlannedChange, describeChanges, startUpdate } from './change-set.ts';
import type { Project } from './project.ts';
import type { Archive } from './zip-folder.ts';

const POLL_MS = 40;

export interface DeployTarget {
  readonly cloudFormation: CloudFormationClient;
  readonly s3: S3Client;
  readonly region: string;
}

export interface DeployRequest {
  readonly project: Project;
  readonly builders: readonly ArtifactBuilder[];
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Deployed {
  readonly stack: Stack;
  readonly changed: boolean;
  /** What an update did; empty when the stack was created. */
  readonly changes: readonly PlannedChange[];
  /** What was built, by logical id. */
  readonly archives: ReadonlyMap<string, Archive>;
}

export async function deployProject(
  request: DeployRequest,
  target: DeployTarget,
  terminal: Terminal,
): Promise<Deployed> {
  const { project, builders, stackName } = request;
  const archives = await buildAll(builders, terminal);
  const locations = await uploadAll(builders, archives, target);
  const template = JSON.stringify(replaceLocalArtifacts(project.content, locations));
  const progress = terminal.progress(`deploying the stack ${stackName}`);
  try {
    const changes = await submit(request, template, target);
    const changed = changes !== undefined;
    const stack = changed
      ? await follow(stackName, target, { progress, terminal })
      : await describe(stackName, target);
    if (stack === undefined) throw new UserError('ERR_STACK', `the stack ${stackName} is gone`);
    progress.done(changed ? `the stack ${stackName} is deployed` : `the stack ${stackName} is up to date`);
    if (changed && changes.length > 0) terminal.say(terminal.style('dim', describeChanges(changes)));
    return { stack, changed, changes: changes ?? [], archives };
  } catch (error) {
    progress.fail();
    throw toUserError(error, project);
  }
}

async function buildAll(
  builders: readonly ArtifactBuilder[],
  terminal: Terminal,
): Promise<Map<string, Archive>> {
  if (builders.length === 0) return new Map();
  const progress = terminal.progress(`building ${builders.length} artifacts`);
  try {
    const archives = new Map<string, Archive>();
    await Promise.all(
      builders.map(async (builder) => {
        archives.set(builder.artifact.logicalId, await builder.build());
      }),
    );
    progress.done(`built ${builders.length} artifacts`);
    return archives;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

async function uploadAll(
  builders: readonly ArtifactBuilder[],
  archives: ReadonlyMap<string, Archive>,
  { s3, region }: DeployTarget,
): Promise<Map<string, ArtifactLocation>> {
  const locations = new Map<string, ArtifactLocation>();
  if (builders.length === 0) return locations;
  const bucket = `cloudlet-artifacts-${region}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.name.startsWith('BucketAlready')) throw error;
  });
  await Promise.all(
    builders.map(async ({ artifact }) => {
      const archive = archives.get(artifact.logicalId);
      if (archive === undefined) return;
      const location = { bucket, key: `${archive.sha256}.zip` };
      locations.set(`${artifact.logicalId}.${artifact.property}`, location);
      const found = await s3
        .send(new HeadObjectCommand({ Bucket: bucket, Key: location.key }))
        .catch(() => undefined);
      if (found !== undefined) return;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: location.key, Body: archive.bytes }));
    }),
  );
  return locations;
}

/** Begins to create or update the stack; gives what an update will change, undefined when that is nothing. */
async function submit(
  { stackName, parameters }: DeployRequest,
  template: string,
  target: DeployTarget,
): Promise<readonly PlannedChange[] | undefined> {
  const existing = await describe(stackName, target);
  const input = {
    StackName: stackName,
    TemplateBody: template,
    Capabilities: ['CAPABILITY_IAM' as const, 'CAPABILITY_NAMED_IAM' as const, 'CAPABILITY_AUTO_EXPAND' as const],
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
  };
  if (existing === undefined) {
    await target.cloudFormation.send(new CreateStackCommand(input));
    return [];
  }
  if (existing.StackStatus === 'ROLLBACK_COMPLETE' || existing.StackStatus === 'CREATE_FAILED') {
    // Its creation failed, so it holds nothing; AWS, too, wants it deleted before the next try.
    await target.cloudFormation.send(new DeleteStackCommand({ StackName: stackName }));
    while ((await describe(stackName, target)) !== undefined) await delay(POLL_MS);
    await target.cloudFormation.send(new CreateStackCommand(input));
    return [];
  }
  return startUpdate(target.cloudFormation, input);
}

async function describe(stackName: string, { cloudFormation }: DeployTarget): Promise<Stack | undefined> {
  try {
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks?.[0];
  } catch (error) {
    if (error instanceof Error && error.message.includes('does not exist')) return undefined;
    throw error;
  }
}

/** Waits for the end of the operation; throws ERR_STACK with the reasons when it failed. */
async function follow(
  stackName: string,
  target: DeployTarget,
  { progress, terminal }: { progress: Progress; terminal: Terminal },
): Promise<Stack | undefined> {
  for (;;) {
    const stack = await describe(stackName, target);
    const status = stack?.StackStatus ?? 'DELETE_COMPLETE';
    if (!status.endsWith('_IN_PROGRESS')) {
      if (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE') return stack;
      throw await failure(stackName, status, target);
    }
    if (!terminal.json) progress.update(`deploying the stack ${stackName}: ${await lastEvent(stackName, target)}`);
    await delay(POLL_MS);
  }
}

async function lastEvent(stackName: string, { cloudFormation }: DeployTarget): Promise<string> {
  const { StackEvents } = await cloudFormation.send(new DescribeStackEventsCommand({ StackName: stackName }));
  const event = StackEvents?.[0];
  return event === undefined ? '' : `${event.LogicalResourceId} ${event.ResourceStatus}`;
}

async function failure(stackName: string, status: string, { cloudFormation }: DeployTarget): Promise<UserError> {
  const { StackEvents = [] } = await cloudFormation.send(
    new DescribeStackEventsCommand({ StackName: stackName }),
  );
  const reasons = StackEvents.filter(
    ({ ResourceStatus = '', ResourceStatusReason = '' }) =>
      ResourceStatus.endsWith('_FAILED') && !/cancelled/i.test(ResourceStatusReason),
  ).map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`);
  return new UserError('ERR_STACK', `the stack ${stackName} ended as ${status}`, {
    where: reasons.toReversed().join('\n         ') || stackName,
    fix: 'correct the template and deploy again; nothing half-made was left behind',
  });
}

function toUserError(error: unknown, project: Project): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error;
  if (error.name !== 'ValidationError' && error.name !== 'InsufficientCapabilitiesException') return error;
  return new UserError('ERR_TEMPLATE', error.message, { where: project.templatePath, cause: error });
}
