// Finds the group or stream a request is about.
import type { ReadTx } from '../../../base/store.ts';
import type { Scope } from '../../../kernel/context.ts';
import { groupNotFound, invalidRequest, streamNotFound } from '../errors.ts';
import type { LogGroup, LogStream } from '../log-group.ts';
import { groupNameOf } from '../log-group.ts';
import { findGroup, findStream } from '../store.ts';

interface Named {
  readonly logGroupName?: string | undefined;
  readonly logGroupIdentifier?: string | undefined;
}

/** The group's name from either parameter; both is an error. Recorded: test_log_streams. */
export function readGroupName({ logGroupName, logGroupIdentifier }: Named): string {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    throw invalidRequest('LogGroup name and LogGroup ARN are mutually exclusive parameters.');
  }
  return logGroupName ?? groupNameOf(logGroupIdentifier ?? '');
}

export async function requireGroup(
  view: ReadTx,
  scope: Scope,
  name: string | undefined,
): Promise<LogGroup> {
  const group = await findGroup(view, scope, name ?? '');
  if (group === undefined) throw groupNotFound();
  return group;
}

export async function requireStream(
  view: ReadTx,
  group: LogGroup,
  name: string | undefined,
): Promise<LogStream> {
  const stream = await findStream(view, group, name ?? '');
  if (stream === undefined) throw streamNotFound();
  return stream;
}
