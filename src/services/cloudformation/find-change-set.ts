// Finds a change set by its ARN, or by its name and stack.
import type { ReadTx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { validationError } from './errors.ts';
import { ROWS_MAX } from './limits.ts';
import { changeSets, findStack } from './store.ts';
import type { ChangeSetRow } from './store.ts';

export interface ChangeSetReference {
  readonly changeSetName: string | undefined;
  readonly stackName: string | undefined;
}

export async function findChangeSet(
  view: ReadTx,
  scope: Scope,
  { changeSetName = '', stackName }: ChangeSetReference,
): Promise<ChangeSetRow | undefined> {
  const { account, region } = scope;
  if (changeSetName.startsWith('arn:')) {
    const rows = await changeSets.list(view, [account, region], { limit: ROWS_MAX });
    return rows.find((row) => row.value.changeSetId === changeSetName)?.value;
  }
  if (stackName === undefined) {
    throw validationError(
      'StackName must be specified if ChangeSetName is not specified as an ARN.',
    );
  }
  const stack = await findStack(view, scope, stackName);
  if (stack === undefined) return undefined;
  return changeSets.get(view, [account, region, stack.stackId, changeSetName]);
}
