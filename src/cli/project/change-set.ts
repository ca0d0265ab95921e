// Updates a stack by a change set, so that what will happen is known before it does.
import { setTimeout as delay } from 'node:timers/promises';
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetCommandOutput,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { UserError } from '../../base/errors.ts';

const POLL_MS = 20;

export interface PlannedChange {
  /** Add, Modify, Remove, as AWS names them; Replace when a new one takes its place. */
  readonly action: string;
  readonly logicalId: string;
  readonly type: string;
}

type StackInput = Omit<CreateChangeSetCommandInput, 'ChangeSetName' | 'ChangeSetType'>;

/** Starts the update and tells what it will do; undefined when there is nothing to do. Throws ERR_STACK. */
export async function startUpdate(
  client: CloudFormationClient,
  input: StackInput,
): Promise<PlannedChange[] | undefined> {
  const name = { StackName: input.StackName, ChangeSetName: `cloudlet-${Date.now().toString(36)}` };
  await client.send(new CreateChangeSetCommand({ ...input, ...name, ChangeSetType: 'UPDATE' }));
  const changeSet = await awaitChangeSet(client, name);
  const { Status, StatusReason = '' } = changeSet;
  if (Status === 'FAILED') {
    await client.send(new DeleteChangeSetCommand(name));
    // AWS: the one or the other, with and without a transform. <recorded by aws-cli's deployer.py>
    if (/didn't contain changes|No updates are to be performed/.test(StatusReason)) return undefined;
    throw new UserError('ERR_STACK', `the change set of ${input.StackName} failed: ${StatusReason}`, {
      fix: 'correct the template; what is deployed goes on running',
    });
  }
  const changes = await listChanges(client, name, changeSet);
  await client.send(new ExecuteChangeSetCommand(name));
  return changes;
}

interface ChangeSetName {
  readonly StackName: string | undefined;
  readonly ChangeSetName: string;
}

async function awaitChangeSet(
  client: CloudFormationClient,
  name: ChangeSetName,
): Promise<DescribeChangeSetCommandOutput> {
  for (;;) {
    const changeSet = await client.send(new DescribeChangeSetCommand(name));
    if (!/_PENDING$|_IN_PROGRESS$/.test(changeSet.Status ?? '')) return changeSet;
    await delay(POLL_MS);
  }
}

async function listChanges(
  client: CloudFormationClient,
  name: ChangeSetName,
  first: DescribeChangeSetCommandOutput,
): Promise<PlannedChange[]> {
  const changes = [...(first.Changes ?? [])];
  for (let { NextToken } = first; NextToken !== undefined; ) {
    const page = await client.send(new DescribeChangeSetCommand({ ...name, NextToken }));
    changes.push(...(page.Changes ?? []));
    NextToken = page.NextToken;
  }
  return changes.map(({ ResourceChange: change = {} }) => ({
    action: change.Action === 'Modify' && change.Replacement === 'True' ? 'Replace' : (change.Action ?? 'Modify'),
    logicalId: change.LogicalResourceId ?? '',
    type: change.ResourceType ?? '',
  }));
}

/** `~ Handler  AWS::Lambda::Function`, one line each. */
export function describeChanges(changes: readonly PlannedChange[]): string {
  const marks: Readonly<Record<string, string>> = { Add: '+', Remove: '-', Replace: '!' };
  const width = Math.max(0, ...changes.map(({ logicalId }) => logicalId.length));
  return changes
    .map(({ action, logicalId, type }) => {
      const note = action === 'Replace' ? ' (replaced)' : '';
      return `  ${marks[action] ?? '~'} ${logicalId.padEnd(width)}  ${type}${note}`;
    })
    .join('\n');
}
