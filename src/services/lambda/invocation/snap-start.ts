// SnapStart: a published version is initialised once, and its environments start from the snapshot.
import { type FunctionDefinition, FunctionUnavailable } from '../../../base/function-runner.ts';
import type { Tx } from '../../../base/store.ts';
import { type Scope, type WorkContext, localSlot } from '../../../kernel/context.ts';
import { runnerRefused } from '../errors.ts';
import { defineFunction } from '../function-definition.ts';
import {
  type FunctionVersion,
  STANDING_TOPIC,
  type VersionState,
  functionKey,
  versions,
} from '../store.ts';

/** How a version begins whose snapshot is still to be made. <localstack test_lambda_api.snapshot.json> */
export const CREATING: VersionState = {
  status: 'Pending',
  reason: 'The function is being created.',
  reasonCode: 'Creating',
};

interface SnapshotTask {
  readonly name: string;
  readonly version: string;
}

/** The latest snapshot of a version that there is, or that is being made. */
interface Snapshot {
  readonly key: string;
  readonly made: Promise<void>;
}

/** By unqualified ARN and version. */
const snapshots = localSlot(() => new Map<string, Snapshot>());

/** The version becomes active, or fails, once the worker below has made its snapshot. */
export function scheduleSnapshot(tx: Tx, context: WorkContext, { name, version }: FunctionVersion): void {
  const payload: SnapshotTask = { name, version };
  context.timers.schedule(tx, context, { worker: 'lambda/snapshot', dueMs: context.nowMs, payload });
}

/** The worker behind `lambda/snapshot`. */
export async function makeSnapshot(payload: unknown, context: WorkContext): Promise<void> {
  const { name, version } = payload as SnapshotTask;
  const key = [...functionKey(context, name), Number(version)];
  const found = await context.store.read((view) => versions.get(view, key));
  // Deleted meanwhile, or done by a step that was cut short after its end.
  if (found?.state?.status !== 'Pending') return;
  const failure = await trySnapshot(context, found, context);
  await context.store.transact(async (tx) => {
    const current = await versions.get(tx, key);
    if (current?.state?.status !== 'Pending') return;
    const { state: _pending, ...rest } = current;
    versions.put(tx, key, failure === undefined ? rest : { ...rest, state: failure });
    tx.notify(STANDING_TOPIC);
  });
}

async function trySnapshot(
  scope: Scope,
  version: FunctionVersion,
  context: WorkContext,
): Promise<VersionState | undefined> {
  try {
    const { definition } = await defineFunction(scope, version, context);
    await snapshotOf(definition, context);
    return undefined;
  } catch (error) {
    if (!(error instanceof FunctionUnavailable)) throw error;
    return { status: 'Failed', reason: error.message, reasonCode: reasonCodeOf(error.reason) };
  }
}

/**
 * Sees to it that the snapshot is there: not every one outlives a restart of the cloud, and new
 * credentials of the role need a new one.
 */
export async function ensureSnapshot(definition: FunctionDefinition, context: WorkContext): Promise<void> {
  try {
    await snapshotOf(definition, context);
  } catch (error) {
    if (error instanceof FunctionUnavailable) throw runnerRefused(error.reason, error.message);
    throw error;
  }
}

function snapshotOf(definition: FunctionDefinition, context: WorkContext): Promise<void> {
  const known = context.local(snapshots);
  const { functions } = context.ports;
  const name = `${definition.arn}:${definition.version}`;
  const before = known.get(name);
  if (before?.key === definition.key) return before.made;
  const making = async (): Promise<void> => {
    await functions.snapshot(definition);
    // What was restored from the one before ends with its current invocation.
    if (before !== undefined) await functions.retire(before.key);
  };
  const snapshot = { key: definition.key, made: making() };
  known.set(name, snapshot);
  // A failed attempt is not remembered.
  snapshot.made.catch(() => {
    if (known.get(name) === snapshot) known.delete(name);
  });
  return snapshot.made;
}

/** <API reference, StateReasonCode> */
const REASON_CODES: ReadonlySet<string> = new Set([
  'InvalidRuntime',
  'InvalidZipFileException',
  'FunctionError',
  'FunctionError.InitTimeout',
  'FunctionError.RuntimeInitError',
  'FunctionError.ExtensionInitError',
  'FunctionError.InvalidEntryPoint',
  'FunctionError.PermissionDenied',
]);

function reasonCodeOf(reason: string): string {
  if (REASON_CODES.has(reason)) return reason;
  return reason === 'InvalidRuntimeException' ? 'InvalidRuntime' : 'FunctionError';
}
